// Packs what would be published into dist/: the main package and the package of this platform's addon.
//
// 1. The list of files is npm's own, from `files` in package.json.
// 2. They are copied to a staging folder whose package.json leaves out what only the workshop needs and names the
//    platform packages as optional dependencies. The workshop's own package.json can't: `npm ci` would look for them.
// 3. `npm pack` runs in each staging folder.

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from './build.mjs'
import { Failed, isMain, main, need, path, step } from './lib/run.mjs'
import { setupBuild } from './setup.mjs'

const DIST = path('dist')
const STAGE = path('dist', 'stage')
const WORKSHOP_FIELDS = ['scripts', 'devDependencies', 'overrides', 'napi']

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

/** The platform packages: folder and manifest. */
const platforms = () =>
  readdirSync(path('npm'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ folder: path('npm', name), manifest: readJson(path('npm', name, 'package.json')) }))

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
  const stage = join(STAGE, 'main')
  for (const file of await filesOf(path())) {
    mkdirSync(dirname(join(stage, file)), { recursive: true })
    copyFileSync(path(file), join(stage, file))
  }
  const manifest = readJson(path('package.json'))
  for (const field of WORKSHOP_FIELDS) delete manifest[field]
  manifest.optionalDependencies = Object.fromEntries(
    platforms().map(({ manifest: { name, version } }) => [name, version])
  )
  writeJson(join(stage, 'package.json'), manifest)
  return packFolder(stage)
}

async function packPlatform({ folder, manifest }) {
  const stage = join(STAGE, manifest.name)
  cpSync(folder, stage, { recursive: true })
  copyFileSync(path('LICENSE'), join(stage, 'LICENSE'))
  try {
    copyFileSync(path(manifest.main), join(stage, manifest.main))
  } catch {
    throw new Failed(`${manifest.main} is missing`, { help: 'Run `npm run build` on that platform.' })
  }
  return packFolder(stage)
}

/** Packs every package; answers the paths of the tarballs, the main one first. */
export async function pack() {
  rmSync(STAGE, { recursive: true, force: true })
  mkdirSync(STAGE, { recursive: true })
  for (const old of readdirSync(DIST).filter((name) => name.endsWith('.tgz'))) rmSync(join(DIST, old))
  const tarballs = [await packMain()]
  for (const platform of platforms()) tarballs.push(await packPlatform(platform))
  return tarballs
}

if (isMain(import.meta.url))
  await main(async () => {
    await setupBuild()
    await build()
    await step('tarballs', async () => {
      const tarballs = await pack()
      return tarballs.map((file) => file.replace(path(), '')).join(', ')
    })
  })
