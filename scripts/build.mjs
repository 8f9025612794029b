// Builds the native addon and its generated loader into the root: limitr.<platform>.node and binding.js.

import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { bin, Failed, isMain, main, need, path, step } from './lib/run.mjs'

const OUT = path('dist', 'binding')
const BUILD = ['build', '--platform', '--js', 'binding.js', '--dts', 'binding.d.ts', '--output-dir', OUT]

async function buildAddon(debug) {
  // The folder is cleared so that what is moved below was made by this build.
  rmSync(OUT, { recursive: true, force: true })
  mkdirSync(OUT, { recursive: true })
  await need(bin('napi'), debug ? BUILD : [...BUILD, '--release'], {
    help: 'Run `npm run setup` if packages are missing.'
  })
  const addon = readdirSync(OUT).find((name) => name.endsWith('.node'))
  if (!addon) throw new Failed('the build made no .node file')
  const { size } = statSync(`${OUT}/${addon}`)
  // Renamed into place: a process that has the old addon open keeps it.
  for (const name of [addon, 'binding.js']) renameSync(`${OUT}/${name}`, path(name))
  return `${addon}, ${(size / 1024).toFixed(0)} KiB`
}

/** Builds the addon, in release unless `debug`. */
export async function build({ debug = false } = {}) {
  await step(`native addon (${debug ? 'debug' : 'release'})`, () => buildAddon(debug))
}

if (isMain(import.meta.url)) await main(() => build({ debug: process.argv.includes('--debug') }))
