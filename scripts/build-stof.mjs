// Builds the sandbox of Stof into wasm/limitr-stof.wasm. It takes minutes, so it is left alone while nothing that it is made of
// has changed.
//
// 1. cargo compiles crates/stof, a workspace of its own, for wasm32.
// 2. wasm-opt makes it smaller, and writes what the next step doesn't know with what it does. `-Oz` takes twice as long for a tenth of
//    its size, and for a hundredth of that in gzip.
// 3. crates/stof/instrument puts bounds into it: fuel, stack, memory.

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bin, isMain, main, need, path, step } from './lib/run.mjs'
import { toolchain } from './lib/wasm.mjs'

const CRATE = path('crates', 'stof')
const OUT = path('wasm', 'limitr-stof.wasm')
const WORK = path('dist', 'stof')
const STAMP = join(WORK, 'stamp')
const TARGET = 'wasm32-unknown-unknown'
const MANIFEST = ['--manifest-path', join(CRATE, 'Cargo.toml'), '--locked', '--quiet']

/** What rustc may use, for wasm-opt to read, and what to write instead. */
const LOWERED = [
  '--enable-bulk-memory',
  '--enable-multivalue',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
  '--enable-reference-types',
  '--enable-sign-ext',
  '--signext-lowering',
  '--llvm-memory-copy-fill-lowering',
  '--llvm-nontrapping-fptoint-lowering'
]

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'target')
    .flatMap((entry) => {
      const file = join(folder, entry.name)
      return entry.isDirectory() ? sources(file) : [file]
    })
    .sort()
}

/** What the module is made of. */
function wanted() {
  const hash = createHash('sha256')
  for (const file of [...sources(CRATE), path('scripts', 'build-stof.mjs'), path('package-lock.json')])
    hash.update(file.slice(CRATE.length)).update(readFileSync(file))
  return hash.digest('hex')
}

async function compile() {
  const { cargo, more, env, way } = await toolchain()
  const target = env.CARGO_TARGET_DIR ?? join(CRATE, 'target')
  const all = { ...env, CARGO_TARGET_DIR: target }
  const what = ['--release', '--package', 'limitr-stof', '--target', TARGET, ...more]
  await need(cargo, ['build', ...MANIFEST, ...what], { env: all })
  return { module: join(target, TARGET, 'release', 'limitr_stof.wasm'), way }
}

async function bound(module) {
  mkdirSync(WORK, { recursive: true })
  mkdirSync(dirname(OUT), { recursive: true })
  const small = join(WORK, 'small.wasm')
  await need(bin('wasm-opt'), ['-O1', '--strip-debug', '--strip-producers', ...LOWERED, module, '-o', small])
  const done = join(WORK, 'bounded.wasm')
  const env = { CARGO_TARGET_DIR: join(CRATE, 'target') }
  // A tool that runs for a second isn't worth compiling it for speed.
  await need('cargo', ['run', ...MANIFEST, '--package', 'limitr-instrument', '--', small, done], { env })
  renameSync(done, OUT)
  const { raw, gzip } = stofSizes()
  return `${(raw / 1024).toFixed(0)} KiB, ${(gzip / 1024).toFixed(0)} KiB in gzip`
}

/** How large the sandbox is, in bytes. */
export function stofSizes() {
  return { raw: statSync(OUT).size, gzip: gzipSync(readFileSync(OUT), { level: 9 }).length }
}

/** Builds the sandbox, unless it is there. */
export async function buildStof() {
  const stamp = wanted()
  if (existsSync(OUT) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return
  let module = ''
  await step('sandbox of Stof', async () => {
    const compiled = await compile()
    module = compiled.module
    return compiled.way
  })
  await step('sandbox of Stof: wasm-opt, bounds', () => bound(module))
  writeFileSync(STAMP, stamp)
}

if (isMain(import.meta.url)) await main(buildStof)
