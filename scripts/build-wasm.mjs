// Builds the wasm binding into wasm/: the module, the glue it is called through, and what the ESM entries share.
//
// 1. cargo compiles the module (see lib/wasm.mjs for the toolchains), and crates/glue writes wasm-bindgen's glue for it.
// 2. wasm-opt makes the module smaller and faster.
// 3. The glue has one instance in its variables. It becomes a function that makes a glue: one for each instance.
// 4. The facade is CommonJS. What hosts without that need is bundled into ESM files, one an entry.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { bin, isMain, main, need, path, step } from './lib/run.mjs'
import { compileWasm } from './lib/wasm.mjs'

const OUT = path('wasm')
const WORK = path('dist', 'wasm')

/** What hosts need that have no CommonJS. */
const BUNDLES = {
  'facade.mjs': "export { wasmEntry } from './js/wasm-entry.js'",
  'stof.mjs': "export { stofEntry } from './js/stof-entry.js'",
  'durable-object.mjs': "export { durableObjectStore } from './js/stores/durable-object.js'"
}

async function compile() {
  const { module, way } = await compileWasm()
  rmSync(WORK, { recursive: true, force: true })
  mkdirSync(WORK, { recursive: true })
  await need('cargo', ['run', '--quiet', '--locked', '--package', 'limitr-glue', '--', module, WORK])
  return way
}

async function optimise() {
  mkdirSync(OUT, { recursive: true })
  await need(bin('wasm-opt'), [
    '-Oz',
    '--strip-debug',
    '--strip-producers',
    `${WORK}/limitr_bg.wasm`,
    '-o',
    `${OUT}/limitr.wasm`
  ])
  const { raw, gzip } = wasmSizes()
  return `${(raw / 1024).toFixed(0)} KiB, ${(gzip / 1024).toFixed(0)} KiB in gzip`
}

/** How large the module is, in bytes. */
export function wasmSizes() {
  const file = `${OUT}/limitr.wasm`
  return { raw: statSync(file).size, gzip: gzipSync(readFileSync(file), { level: 9 }).length }
}

async function bundle() {
  const { build, transform } = await import('esbuild')
  const glue = await transform(readFileSync(`${WORK}/limitr.js`, 'utf8'), {
    format: 'iife',
    globalName: 'glue',
    banner: '// @ts-nocheck\nmodule.exports = () => {',
    footer: 'return glue\n}'
  })
  writeFileSync(`${OUT}/glue.js`, glue.code)
  const text = readFileSync(`${OUT}/limitr.wasm`).toString('base64')
  writeFileSync(`${OUT}/bytes.json`, JSON.stringify(text))
  for (const [file, contents] of Object.entries(BUNDLES)) {
    await build({
      stdin: { contents, resolveDir: path() },
      outfile: `${OUT}/${file}`,
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      logLevel: 'error'
    })
  }
}

/** Builds the wasm binding. */
export async function buildWasm() {
  await step('wasm module', compile)
  await step('wasm-opt', optimise)
  await step('wasm glue and facade', bundle)
}

if (isMain(import.meta.url)) await main(buildWasm)
