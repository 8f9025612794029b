// Node with both packages: the native binding, by import and by require.

export default async function run(app) {
  await app.install({ platform: true })
  await app.reports('native', await app.print(process.execPath, ['main.mjs']))
  app.same(await app.print(process.execPath, ['required.cjs']), 'native\n', 'what `require` gives')
  const forced = { env: { LIMITR_BACKEND: 'wasm' } }
  app.same(
    await app.print(process.execPath, ['required.cjs'], forced),
    'wasm\n',
    'what LIMITR_BACKEND=wasm gives'
  )
}
