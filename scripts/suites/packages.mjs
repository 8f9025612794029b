// The tarballs as a user gets them: packed, listed, measured, judged by publint and attw, installed into an empty
// folder without a network, and run from there.

import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stofSizes } from '../build-stof.mjs'
import { wasmSizes } from '../build-wasm.mjs'
import { installOffline } from '../lib/consumer.mjs'
import { bin, Failed, need, path } from '../lib/run.mjs'
import { pack } from '../pack.mjs'

/** What attw leaves out: resolution that knows no `exports`, and the wasm file, which Node doesn't import. */
const ATTW = ['--no-emoji', '--no-color', '--profile', 'node16', '--exclude-entrypoints', 'limitr.wasm']
const CONTENTS = path('npm', 'contents.txt')

/** Throws unless both are the same text. */
function same(actual, expected, what) {
  if (actual !== expected) throw new Failed(what, { output: `expected:\n${expected}\ngot:\n${actual}` })
}

const list = async (tarball) => {
  const lines = (await need('tar', ['-tzf', tarball])).trim().split('\n')
  return lines.map((line) => line.replace(/^package\//, '  ')).sort()
}

/** What each tarball holds is reviewed like code: `UPDATE=1 npm run test:package` writes the list anew. */
async function checkContents({ tarballs }) {
  const lists = []
  for (const tarball of tarballs) lists.push(tarball.replace(/^.*\//, ''), ...(await list(tarball)))
  const actual = `${lists.join('\n')}\n`
  if (process.env.UPDATE) writeFileSync(CONTENTS, actual)
  same(actual, readFileSync(CONTENTS, 'utf8'), 'the tarballs hold other files than npm/contents.txt says')
}

function checkSizes({ tarballs, sizes }) {
  const [main, platform] = tarballs
  sizes['main tarball'] = statSync(main).size
  sizes['linux-x64-gnu tarball'] = statSync(platform).size
  sizes['linux-x64-gnu addon'] = statSync(path('limitr.linux-x64-gnu.node')).size
  const { raw, gzip } = wasmSizes()
  sizes['wasm module'] = raw
  sizes['wasm module in gzip'] = gzip
  const stof = stofSizes()
  sizes['sandbox of Stof'] = stof.raw
  sizes['sandbox of Stof in gzip'] = stof.gzip
  const limits = JSON.parse(readFileSync(path('npm', 'limits.json'), 'utf8'))
  const over = Object.entries(sizes).filter(([name, size]) => !(size <= limits[name]))
  const lines = over.map(
    ([name, size]) => `${name}: ${size} bytes, at most ${limits[name]} (npm/limits.json)`
  )
  if (lines.length > 0) throw new Failed('something is larger than agreed', { output: lines.join('\n') })
}

async function checkInstall({ folder, tarballs }) {
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "version": "1.0.0", "private": true }\n')
  await installOffline(folder, tarballs)
  const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
  same(installed.sort().join('\n'), 'limitr\nlimitr-linux-x64-gnu', 'other packages than ours were installed')
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'node_modules/limitr/package.json'), 'utf8'))
  if (dependencies) throw new Failed('the package has runtime dependencies')
}

/** A check that copies a script of scripts/consumer/ into the folder and runs it there. */
const script =
  (name, expected) =>
  async ({ folder }) => {
    copyFileSync(path('scripts', 'consumer', name), join(folder, name))
    same(await need(process.execPath, [name], { cwd: folder }), expected, `${name} printed something else`)
  }

async function checkTypes({ folder }) {
  copyFileSync(path('scripts', 'consumer', 'gate.mts'), join(folder, 'gate.mts'))
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022']
  // With the types of a browser, and with none of any host.
  for (const lib of [[], ['--lib', 'es2022']])
    await need(bin('tsc'), [...options, ...lib, 'gate.mts'], { cwd: folder })
}

const CHECKS = {
  contents: checkContents,
  sizes: checkSizes,
  publint: async ({ tarballs }) => void (await need(bin('publint'), [tarballs[0], '--strict'])),
  attw: async ({ tarballs }) => void (await need(bin('attw'), [tarballs[0], ...ATTW])),
  install: checkInstall,
  import: script('gate.mjs', 'import true,false\n'),
  require: script('gate.cjs', 'require true,false\n'),
  typescript: checkTypes
}

/** Packs, then runs every check. */
export async function packages() {
  const folder = mkdtempSync(join(tmpdir(), 'limitr-consumer-'))
  const context = { folder, tarballs: await pack(), sizes: {} }
  const counts = { passed: 0, failed: 0, skipped: 0, output: '' }
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      await check(context)
      counts.passed += 1
    } catch (error) {
      counts.failed += 1
      counts.output += `${name}: ${error.message}\n${error.output ?? error.stack}\n`
    }
  }
  rmSync(folder, { recursive: true, force: true })
  const kib = Object.entries(context.sizes).map(([name, size]) => `${name} ${(size / 1024).toFixed(1)} KiB`)
  return { ...counts, note: kib.join(', ') }
}
