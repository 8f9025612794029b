// Building for musl, the C library of Alpine Linux.
//
// An addon shares its process's C library, so it is linked to musl dynamically (`-crt-static`). Rust then asks for
// libgcc_s, which unwinds a panic's stack. Debian has that library for glibc alone, and not every Alpine has it at all.
// Rust brings an unwinder that was made for musl, libunwind.a: it is laid where the linker looks for libgcc_s first,
// and becomes a part of the addon, which so needs nothing but musl.

import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { aptInstall } from './apt.mjs'
import { Failed, need, path, run } from './run.mjs'

/** The target that is tried out here. */
export const MUSL = 'x86_64-unknown-linux-musl'

/** Where musl's own loader lies, with which every program for musl begins. */
export const LOADER = '/lib/ld-musl-x86_64.so.1'

const DEBIAN_PACKAGES = ['musl', 'musl-tools']
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' }

/** Whether a Rust target is one for musl. */
export const isMusl = (target) => target?.endsWith('-linux-musl') ?? false

/** Rust's unwinder for a target. It is there if the target is. */
async function unwinderOf(target) {
  const sysroot = (await need('rustc', ['--print', 'sysroot'])).trim()
  return join(sysroot, 'lib', 'rustlib', target, 'lib', 'self-contained', 'libunwind.a')
}

/** Which linker a target gets: on glibc musl's own for this architecture, else what is set or usual. */
function linkerOf(target) {
  const variable = `CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}_LINKER`
  const here = target.startsWith(`${ARCHITECTURES[process.arch]}-`)
  const onGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined
  return here && onGlibc && !process.env[variable] ? { [variable]: 'musl-gcc' } : {}
}

/** The environment with which cargo builds an addon for musl. */
export async function muslEnv(target) {
  const unwinder = await unwinderOf(target)
  if (!existsSync(unwinder))
    throw new Failed(`the Rust target ${target} is missing`, { help: `Run \`rustup target add ${target}\`.` })
  const folder = path('dist', 'unwinder', target)
  mkdirSync(folder, { recursive: true })
  copyFileSync(unwinder, join(folder, 'libgcc_s.a'))
  const users = process.env.RUSTFLAGS?.split(' ').filter(Boolean) ?? []
  const flags = [...users, '-Ctarget-feature=-crt-static', `-Lnative=${folder}`]
  // Encoded: a path may hold spaces.
  return { CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'), ...linkerOf(target) }
}

/** The last line that a program printed. */
export const lastLine = (output) => output.trim().split('\n').at(-1)

/** Makes it possible to build and run for musl here, installing what is missing; answers why it can't be, or null. */
export async function provideMusl() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'only on Linux on x64'
  if (process.getuid() !== 0) return 'only root may install musl and run in a root folder of its own'
  if (!existsSync(await unwinderOf(MUSL))) {
    const { code, output } = await run('rustup', ['target', 'add', MUSL])
    if (code !== 0) return `no Rust target ${MUSL}: ${lastLine(output)}`
  }
  if (existsSync(LOADER) && (await run('musl-gcc', ['--version'])).code === 0) return null
  const { code, output } = await aptInstall(DEBIAN_PACKAGES)
  return code === 0 ? null : `no ${DEBIAN_PACKAGES.join(', ')}: ${lastLine(output)}`
}
