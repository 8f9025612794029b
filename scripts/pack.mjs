// Packs what would be published into dist/: the main package, and the package of every platform whose addon is in the
// root. This platform's addon and the wasm binding are built first, unless `--prebuilt` says that all is there.
//
// 1. The list of files is npm's own, from `files` in package.json.
// 2. They are copied to a staging folder whose package.json leaves out what only the workshop needs and names the
//    platform packages that are packed as optional dependencies: no others, since who installs this would be given what
//    anybody publishes under such a name. The workshop's own package.json can't: `npm ci` would look for them.
// 3. `npm pack` runs in each staging folder.

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from './build.mjs'
import { buildStof } from './build-stof.mjs'
import { buildWasm } from './build-wasm.mjs'
import { Failed, isMain, main, need, path, step } from './lib/run.mjs'
import { setupBindings } from './setup.mjs'

const DIST = path('dist')
const STAGE = path('dist', 'stage')
const FIRST = 'linux-x64-gnu'
const WORKSHOP_FIELDS = ['scripts', 'devDependencies', 'overrides', 'napi']

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

/** The platform packages: folder, manifest, and whether the addon is there. Linux on x64 with glibc is the first. */
const platforms = () =>
  readdirSync(path('npm'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => (b === FIRST) - (a === FIRST) || (a < b ? -1 : 1))
    .map((name) => {
      const manifest = readJson(path('npm', name, 'package.json'))
      return { folder: path('npm', name), manifest, built: existsSync(path(manifest.main)) }
    })

/** The files that npm would pack from a folder. */
async function filesOf(folder) {
  const listed = await need('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder
  })
  return Object.values(JSON.parse(listed))[0].files.map((file) => file.path)
}

async function packFolder(folder) {
  await need('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', DIST], {
    cwd: folder
  })
  const { name, version } = readJson(join(folder, 'package.json'))
  return join(DIST, `${name}-${version}.tgz`)
}

async function packMain() {
  const parts = [path('wasm', 'limitr.wasm'), path('wasm', 'limitr-stof.wasm'), path('binding.js')]
  if (!parts.every((file) => existsSync(file)))
    throw new Failed('the bindings are missing', {
      help: 'Run `npm run build`, `npm run build:wasm` and `npm run build:stof`.'
    })
  const stage = join(STAGE, 'main')
  for (const file of await filesOf(path())) {
    mkdirSync(dirname(join(stage, file)), { recursive: true })
    copyFileSync(path(file), join(stage, file))
  }
  const manifest = readJson(path('package.json'))
  for (const field of WORKSHOP_FIELDS) delete manifest[field]
  manifest.optionalDependencies = Object.fromEntries(
    platforms()
      .filter(({ built }) => built)
      .map(({ manifest: { name, version } }) => [name, version])
  )
  writeJson(join(stage, 'package.json'), manifest)
  return packFolder(stage)
}

async function packPlatform({ folder, manifest }) {
  const stage = join(STAGE, manifest.name)
  cpSync(folder, stage, { recursive: true })
  copyFileSync(path('LICENSE'), join(stage, 'LICENSE'))
  copyFileSync(path(manifest.main), join(stage, manifest.main))
  return packFolder(stage)
}

/** Packs the main package and every platform that is built; answers the tarballs' paths, the main one first. */
export async function pack() {
  rmSync(STAGE, { recursive: true, force: true })
  mkdirSync(STAGE, { recursive: true })
  for (const old of readdirSync(DIST).filter((name) => name.endsWith('.tgz'))) rmSync(join(DIST, old))
  const tarballs = [await packMain()]
  for (const platform of platforms().filter(({ built }) => built)) tarballs.push(await packPlatform(platform))
  return tarballs
}

/** Packs and says what was packed, and what not. */
async function packAll() {
  const packed = (await pack()).map((file) => file.replace(path(), ''))
  const skipped = platforms().filter(({ built }) => !built)
  const names = skipped.map(({ manifest }) => manifest.name)
  return packed.join(', ') + (names.length > 0 ? `; not built here: ${names.join(', ')}` : '')
}

if (isMain(import.meta.url))
  await main(async () => {
    if (!process.argv.includes('--prebuilt')) {
      await setupBindings()
      await build()
      await buildWasm()
      await buildStof()
    }
    await step('tarballs', packAll)
  })
