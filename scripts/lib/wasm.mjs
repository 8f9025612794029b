// Compiling the engine for wasm32: with the target that rustup brings, else with Debian's Rust, which has the sources
// of the standard library as a package.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { aptInstall } from './apt.mjs'
import { Failed, need, run, targetFolder } from './run.mjs'

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
  const apt = await aptInstall(DEBIAN_PACKAGES)
  if (apt.code === 0) return "Debian's Rust, installed now"
  throw new Failed(`the Rust target ${TARGET} is missing`, {
    output: rustup.output + apt.output,
    help: `Install it with \`rustup target add ${TARGET}\`, or as root the Debian packages ${DEBIAN_PACKAGES.join(', ')}.`
  })
}

/** The arguments and the environment with which cargo builds for wasm32, and the way's name. */
export async function toolchain() {
  if (await hasRustupTarget()) return { cargo: 'cargo', more: [], env: {}, way: 'rustup target' }
  if (!hasDebian()) throw new Failed(`the Rust target ${TARGET} is missing`, { help: 'Run `npm run setup`.' })
  const env = {
    CARGO_TARGET_DIR: join(await targetFolder(), 'debian'),
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: DEBIAN.linker,
    RUSTC: DEBIAN.rustc,
    RUSTC_BOOTSTRAP: '1'
  }
  return { cargo: DEBIAN.cargo, more: ['-Z', 'build-std=std,panic_abort'], env, way: "Debian's Rust" }
}

/** Compiles the module; answers where it lies and the way taken. */
export async function compileWasm() {
  const { cargo, more, env, way } = await toolchain()
  const args = ['build', '--quiet', '--locked', '--lib', '--profile', 'wasm', '--target', TARGET, ...more]
  await need(cargo, args, { env })
  const folder = env.CARGO_TARGET_DIR ?? (await targetFolder())
  return { module: join(folder, TARGET, 'wasm', 'limitr.wasm'), way }
}

/**
 * Lints what is compiled for wasm32 alone, or other libraries by cargo's arguments for them; answers the way taken. Debian's Rust has no
 * clippy: there it is only checked.
 */
export async function lintWasm(which = []) {
  const { cargo, more, env, way } = await toolchain()
  const [command, ...last] = cargo === 'cargo' ? ['clippy', '--', '-D', 'warnings'] : ['check']
  await need(
    cargo,
    [command, '--quiet', '--locked', '--lib', ...which, '--target', TARGET, ...more, ...last],
    {
      env
    }
  )
  return way
}
