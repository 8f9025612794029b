// Bun loads the addon; without it, or where it is told to, wasm. It is also where the addon's TLS is tried: Node tells an addon of
// certificates that it was given from 22.15 on.

import { noCertificates } from '../../../scripts/lib/cloud-server.mjs'
import { proveCloud, proveTls, withCloud } from '../shared/cloud-proof.mjs'

export default async function run(app) {
  const bun = app.tool('bun')
  await app.install({ platform: true })
  await app.reports('native', await app.print(bun, ['main.mjs']))
  await app.reports('wasm', await app.print(bun, ['main.mjs'], { env: { LIMITR_BACKEND: 'wasm' } }))
  for (const backend of ['native', 'wasm']) {
    await app.conversing(bun, ['cloud-lines.mjs'], { LIMITR_BACKEND: backend }, (answers) =>
      withCloud([], (cloud) => proveCloud(cloud, backend, answers))
    )
  }
  const why = await noCertificates()
  if (!why)
    await proveTls(app.folder, 'native', (env, work) => app.conversing(bun, ['cloud-lines.mjs'], env, work))
  await app.install({ platform: false })
  await app.reports('wasm', await app.print(bun, ['main.mjs']))
  return why && `its TLS: ${why}`
}
