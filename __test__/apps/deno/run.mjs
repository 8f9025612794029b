// Deno with every permission loads the addon. With fewer it is wasm, and nobody is asked for more: the second run has a terminal,
// where a question would be waited for.

export default async function run(app) {
  const deno = app.tool('deno')
  await app.install({ platform: true })
  await app.reports('native', await app.print(deno, ['run', '--allow-all', 'main.mjs']))
  await app.reports('wasm', await app.print(deno, ['run', '--allow-read', 'main.mjs']))
  await app.reports('wasm', await app.print(deno, ['run', '--allow-ffi', 'main.mjs']))
  await app.reports('wasm', await app.print('script', ['-qec', `${deno} run main.mjs`, '/dev/null']))
}
