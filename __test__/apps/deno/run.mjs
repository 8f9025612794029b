// Deno with every permission loads the addon. With fewer it is wasm, and nobody is asked for more: the second run has a terminal,
// where a question would be waited for. Cloud needs the network, and in wasm nothing else.

import { proveCloud, withCloud } from '../shared/cloud-proof.mjs'

export default async function run(app) {
  const deno = app.tool('deno')
  await app.install({ platform: true })
  await app.reports('native', await app.print(deno, ['run', '--allow-all', 'main.mjs']))
  await app.reports('wasm', await app.print(deno, ['run', '--allow-read', 'main.mjs']))
  await app.reports('wasm', await app.print(deno, ['run', '--allow-ffi', 'main.mjs']))
  await app.reports('wasm', await app.print('script', ['-qec', `${deno} run main.mjs`, '/dev/null']))
  const allowed = { native: ['--allow-all'], wasm: ['--no-prompt', '--allow-read', '--allow-net=127.0.0.1'] }
  for (const [backend, flags] of Object.entries(allowed)) {
    await app.conversing(deno, ['run', ...flags, 'cloud-lines.mjs'], {}, (answers) =>
      withCloud([], (cloud) => proveCloud(cloud, backend, answers))
    )
  }
}
