// Everything that is judged without running the product. Every check runs, also after one has failed.

import { bin, Failed, isMain, main, need, report, step } from './lib/run.mjs'
import { lintWasm } from './lib/wasm.mjs'
import { setup } from './setup.mjs'
import { tidy } from './tidy.mjs'

/** A check that is one program, silent unless it fails. */
const program = (command, args, options) => async () => {
  await need(command, args, options)
}

const format = 'Run `npm run format`.'

const checks = {
  'rust format': program('cargo', ['fmt', '--all', '--check'], { help: format }),
  'rust format of fuzz': program('cargo', ['fmt', '--manifest-path', 'fuzz/Cargo.toml', '--check'], {
    help: format
  }),
  'rust format of benchmark/stof': program(
    'cargo',
    ['fmt', '--manifest-path', 'benchmark/stof/Cargo.toml', '--check'],
    { help: format }
  ),
  'rust format of stof': program(
    'cargo',
    ['fmt', '--all', '--manifest-path', 'crates/stof/Cargo.toml', '--check'],
    { help: format }
  ),
  clippy: program('cargo', [
    'clippy',
    '--workspace',
    '--all-targets',
    '--locked',
    '--quiet',
    '--',
    '-D',
    'warnings'
  ]),
  'clippy for wasm32': () => lintWasm(),
  'clippy of stof/instrument': program('cargo', [
    'clippy',
    '--manifest-path',
    'crates/stof/Cargo.toml',
    '--package',
    'limitr-instrument',
    '--locked',
    '--quiet',
    '--',
    '-D',
    'warnings'
  ]),
  rustdoc: program('cargo', ['doc', '--workspace', '--no-deps', '--locked', '--quiet'], {
    env: { RUSTDOCFLAGS: '-D warnings' }
  }),
  'facade types (tsc)': program(bin('tsc'), ['--project', 'tsconfig.json', '--noEmit']),
  'javascript style (biome)': program(bin('biome'), ['ci', '--colors=off', '.'], { help: format }),
  tidy
}

/** Checks that take minutes the first time, since they compile what only they need: `npm run lint -- --all`. */
const long = {
  'clippy of stof': () => lintWasm(['--manifest-path', 'crates/stof/Cargo.toml', '--package', 'limitr-stof'])
}

const wanted = () => Object.entries(process.argv.includes('--all') ? { ...checks, ...long } : checks)

/** Runs every check, prints what failed, and answers how many did. */
export async function lint() {
  let failed = 0
  for (const [title, check] of wanted()) {
    await step(title, check).catch((error) => {
      failed += 1
      report(error)
    })
  }
  return failed
}

if (isMain(import.meta.url))
  await main(async () => {
    await setup()
    const failed = await lint()
    if (failed > 0) throw new Failed(`${failed} of ${wanted().length} checks failed`)
  })
