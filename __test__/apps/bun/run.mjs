// Bun loads the addon; without it, or where it is told to, wasm.

export default async function run(app) {
  const bun = app.tool('bun')
  await app.install({ platform: true })
  await app.reports('native', await app.print(bun, ['main.mjs']))
  await app.reports('wasm', await app.print(bun, ['main.mjs'], { env: { LIMITR_BACKEND: 'wasm' } }))
  await app.install({ platform: false })
  await app.reports('wasm', await app.print(bun, ['main.mjs']))
}
