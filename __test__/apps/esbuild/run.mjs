// esbuild emits no files beside the bundle: `limitr/inline` carries the module. A bundle for Node has it too, and runs where
// there is no package at all.

import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

export default async function run(app) {
  await app.install({ platform: true })
  const common = { absWorkingDir: app.folder, bundle: true, logLevel: 'error', minify: true }
  mkdirSync(join(app.folder, 'dist'))
  await build({ ...common, entryPoints: ['app.js'], outfile: 'dist/app.js', format: 'esm' })
  writeFileSync(
    join(app.folder, 'dist', 'index.html'),
    '<body></body><script type="module" src="app.js"></script>'
  )

  await build({ ...common, entryPoints: ['server.js'], outfile: 'server.cjs', platform: 'node' })
  const elsewhere = join(mkdtempSync(join(tmpdir(), 'limitr-bundle-')), 'server.cjs')
  cpSync(join(app.folder, 'server.cjs'), elsewhere)
  app.same(await app.print(process.execPath, [elsewhere]), 'wasm true\n', 'the bundle for Node')

  if (!app.chromium.path) return app.chromium.why
  await app.page('dist', async (page) => app.same(await app.shown(page), 'wasm true', 'the page'))
}
