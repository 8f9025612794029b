// Brings a fresh clone to where everything else runs. A part that is done already costs next to nothing.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failed, isMain, main, need, path, run, step } from './lib/run.mjs'
import { provideWasm } from './lib/wasm.mjs'

const NODE = 20
const TOOLS = { nextest: '0.9.143', fuzz: '0.13.2' }

/** Whether what must be there is there. */
export async function checkTools() {
  const node = Number(process.versions.node.split('.')[0])
  if (node < NODE)
    throw new Failed(`Node ${process.versions.node} is too old`, { help: `Install Node ${NODE} or newer.` })
  const cargo = await run('cargo', ['--version'])
  if (cargo.code !== 0)
    throw new Failed('cargo was not found', {
      output: cargo.output,
      help: 'Install Rust, for example with rustup.'
    })
  return `node ${process.versions.node}, ${cargo.output.trim().split(' (')[0]}`
}

/** What a folder's installed packages depend on: the lockfile and where they are to run. */
function wanted(folder) {
  const place = `${process.platform} ${process.arch} ${process.versions.modules}`
  return createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .update(place)
    .digest('hex')
}

/** Installs what a folder's lockfile lists, unless it is there. */
export async function installPackages(folder = path(), flags = []) {
  const stamp = join(folder, 'node_modules', '.limitr-setup')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted(folder)) return 'up to date'
  await need('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...flags], {
    cwd: folder,
    help: 'Check that the npm registry can be reached and that package-lock.json fits package.json.'
  })
  writeFileSync(stamp, wanted(folder))
  return 'installed'
}

async function installCargoTool(name) {
  const found = await run('cargo', [name, '--version'])
  if (found.code === 0) return found.output.trim().split('\n')[0].split(' (')[0]
  await need('cargo', ['install', '--locked', `cargo-${name}@${TOOLS[name]}`], {
    help: `Install it by hand: \`cargo install --locked cargo-${name}\`.`
  })
  return `cargo-${name} ${TOOLS[name]}, installed now`
}

/** What `build` needs: the tools that must be there and the npm packages. */
export async function setupBuild() {
  await step('tools', checkTools)
  await step('npm packages', () => installPackages())
}

/** What building both bindings needs. */
export async function setupBindings() {
  await setupBuild()
  await step('wasm32 target', provideWasm)
}

/** What everything needs. */
export async function setup() {
  await setupBindings()
  await step('cargo-nextest', () => installCargoTool('nextest'))
  await step('cargo-fuzz', () => installCargoTool('fuzz'))
}

if (isMain(import.meta.url)) await main(setup)
