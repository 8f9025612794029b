// Compiling the engine for wasm32: with the target that rustup brings, else with Debian's Rust, which has the sources
// of the standard library as a package.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failed, need, root, run } from './run.mjs'

const TARGET = 'wasm32-unknown-unknown'
const DEBIAN = {
  rustc: '/usr/bin/rustc',
  cargo: '/usr/bin/cargo',
  linker: '/usr/bin/wasm-ld',
  sources: '/usr/lib/rustlib/src/rust'
}
const DEBIAN_PACKAGES = ['rustc-web', 'cargo-web', 'rust-web-src', 'lld']

async function hasRustupTarget() {
  const { code, output } = await run('rustc', ['--print', 'sysroot'])
  return code === 0 && existsSync(join(output.trim(), 'lib', 'rustlib', TARGET))
}

const hasDebian = () => Object.values(DEBIAN).every((file) => existsSync(file))

/** Makes wasm32 available, installing it if it is missing; answers which way was taken. */
export async function provideWasm() {
  if (await hasRustupTarget()) return 'rustup target'
  const rustup = await run('rustup', ['target', 'add', TARGET])
  if (rustup.code === 0) return 'rustup target, installed now'
  if (hasDebian()) return "Debian's Rust"
  const apt = await run('sh', [
    '-c',
    `apt-get update -q && apt-get install -q -y --no-install-recommends ${DEBIAN_PACKAGES.join(' ')}`
  ])
  if (apt.code === 0) return "Debian's Rust, installed now"
  throw new Failed(`the Rust target ${TARGET} is missing`, {
    output: rustup.output + apt.output,
    help: `Install it with \`rustup target add ${TARGET}\`, or as root the Debian packages ${DEBIAN_PACKAGES.join(', ')}.`
  })
}

/** Compiles the engine for wasm32; answers the way taken. */
export async function checkWasm() {
  const args = ['check', '--quiet', '--package', 'limitr-engine', '--target', TARGET]
  if (await hasRustupTarget()) {
    await need('cargo', args)
    return 'rustup target'
  }
  if (!hasDebian()) throw new Failed(`the Rust target ${TARGET} is missing`, { help: 'Run `npm run setup`.' })
  const env = {
    CARGO_TARGET_DIR: join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debian'),
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: DEBIAN.linker,
    RUSTC: DEBIAN.rustc,
    RUSTC_BOOTSTRAP: '1'
  }
  await need(DEBIAN.cargo, [...args, '-Z', 'build-std=std,panic_abort'], { env })
  return "Debian's Rust"
}
