// A Worker that gates requests, in the runtime that Workers run in; and one of its Durable Objects with an engine of Limitr Cloud.

import { proveCloud, withCloud } from '../shared/cloud-proof.mjs'
import { bundleWorker } from '../shared/worker.mjs'

export default async function run(app) {
  await app.install({ platform: true })
  await bundleWorker(app)
  const port = await app.freePort()
  const args = ['serve', 'config.capnp', `--socket-addr=http=127.0.0.1:${port}`]
  const url = `http://127.0.0.1:${port}`
  await app.serving(app.tool('workerd'), args, url, async () => {
    const statuses = []
    for (let request = 0; request < 4; request++) statuses.push(await fetch(`${url}/?user=ada`))
    app.same(statuses.map(({ status }) => status).join(' '), '200 200 200 429', 'what the gate answers')
    app.same(statuses[3].headers.get('Retry-After'), '1', 'when to come back')
    const { backend, now } = await statuses[0].json()
    app.same(backend, 'wasm', 'what runs the engine')
    if (!(now > Date.UTC(2025, 0, 1))) throw new Error(`the clock of a request stands at ${now}`)
    app.same((await fetch(`${url}/?user=ben`)).status, 200, 'what another user gets')
    app.same(await (await fetch(`${url}/told`)).text(), '5', 'what `waitUntil` did')
    app.runsStof('wasm', await (await fetch(`${url}/stof`)).text())
    await app.reports('wasm', await (await fetch(`${url}/report`)).text())
    const answers = async (...call) => {
      const response = await fetch(`${url}/cloud`, { method: 'POST', body: JSON.stringify(call) })
      return response.json()
    }
    await withCloud([], (cloud) => proveCloud(cloud, 'wasm', answers))
  })
}
