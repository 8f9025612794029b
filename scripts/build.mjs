// Builds the native addon and its generated loader into the root: limitr.<platform>.node and binding.js.
//
// Without `--target` it builds for this platform; `--target <rust triple>` builds for another. Musl's own needs are in
// lib/musl.mjs; every other target needs no more than its linker.

import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildStof } from './build-stof.mjs'
import { isMusl, muslEnv } from './lib/musl.mjs'
import { bin, Failed, isMain, main, need, path, step } from './lib/run.mjs'

const BUILD = ['build', '--platform', '--js', 'binding.js', '--dts', 'binding.d.ts']

/** Compiles the addon and writes its loader, both into one folder of dist/binding; answers the addon's path. */
export async function compile({ debug = false, target } = {}) {
  const folder = path('dist', 'binding', target ?? 'host')
  // The folder is cleared so that what is found below was made by this build.
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const more = [...(debug ? [] : ['--release']), ...(target ? ['--target', target] : [])]
  await need(bin('napi'), [...BUILD, '--output-dir', folder, ...more], {
    env: isMusl(target) ? await muslEnv(target) : {},
    help: 'Run `npm run setup` if packages are missing.'
  })
  const addon = readdirSync(folder).find((name) => name.endsWith('.node'))
  if (!addon) throw new Failed('the build made no .node file')
  return join(folder, addon)
}

/** Builds the addon, in release unless `debug`, for this platform unless there is a `target`. */
export async function build({ debug = false, target } = {}) {
  const mode = [debug ? 'debug' : 'release', target].filter(Boolean).join(', ')
  await step(`native addon (${mode})`, async () => {
    const addon = await compile({ debug, target })
    const { size } = statSync(addon)
    // Renamed into place: a process that has the old addon open keeps it.
    for (const file of [addon, join(dirname(addon), 'binding.js')]) renameSync(file, path(basename(file)))
    return `${basename(addon)}, ${(size / 1024).toFixed(0)} KiB`
  })
}

if (isMain(import.meta.url))
  await main(async () => {
    const options = { debug: { type: 'boolean' }, target: { type: 'string' } }
    const { values } = parseArgs({ options })
    await build(values)
    if (!values.target) await buildStof() // natively, too, it is what Stof runs in
  })
