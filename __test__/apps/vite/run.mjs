// Vite: the app as it is built, and as it is developed.

import { build, createServer } from 'vite'

export default async function run(app) {
  if (!app.chromium.path) return app.chromium.why
  await app.install({ platform: false })
  await build({ root: app.folder })
  await app.page('dist', async (page) => app.same(await app.shown(page), 'wasm true', 'the built page'))

  const server = await createServer({
    root: app.folder,
    server: { host: '127.0.0.1', port: await app.freePort() }
  })
  try {
    await server.listen()
    const [url] = server.resolvedUrls.local
    await app.pageAt(url, async (page) =>
      app.same(await app.shown(page), 'wasm true', 'the page in development')
    )
  } finally {
    await server.close()
  }
}
