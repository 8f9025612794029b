// webpack, with nothing to be told: it makes an asset of the wasm file by itself.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import webpack from 'webpack'

export default async function run(app) {
  if (!app.chromium.path) return app.chromium.why
  await app.install({ platform: false })
  const output = { path: join(app.folder, 'dist'), filename: 'app.js' }
  const stats = await new Promise((resolve, reject) =>
    webpack({ context: app.folder, mode: 'production', entry: './app.js', output }, (error, made) =>
      error ? reject(error) : resolve(made)
    )
  )
  if (stats.hasErrors()) throw new Error(stats.toString('errors-only'))
  writeFileSync(join(output.path, 'index.html'), '<body></body><script src="app.js"></script>')
  await app.page('dist', async (page) => app.same(await app.shown(page), 'wasm true', 'the page'))
}
