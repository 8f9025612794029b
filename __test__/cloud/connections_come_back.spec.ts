import { describe, expect, it } from 'vitest'
import { connected, limit, plan, soon, started, states, wire } from './support.js'

describe('a connection', () => {
  it('that is cut comes back, and nothing is lost or counted twice', async () => {
    const server = await started(plan({ chat: limit(10_000, 'soft') }))
    const line = await wire(server)
    const { seen, onStatus } = states()
    const limitr = await connected(server, { url: line.url, onStatus })
    await limitr.ensureCustomer('ada')
    for (let cut = 0; cut < 5; cut++) {
      for (let call = 0; call < 50; call++) limitr.sync.allow('ada', 'chat', 1)
      await new Promise((resolve) => setTimeout(resolve, cut * 4))
      line.cut()
    }
    expect(await soon(() => seen.includes('offline'))).toBe(true)
    expect(await soon(() => limitr.status?.state === 'online', 20_000)).toBe(true)
    await limitr.flush()
    const other = await connected(server)
    expect(await other.value('ada', 'chat')).toBe(250)
    line.end()
    await limitr.close()
  })

  it('survives the server’s restart', async () => {
    const server = await started(plan({ chat: limit(10_000, 'soft'), hard: limit(100) }))
    const limitr = await connected(server)
    await limitr.ensureCustomer('ada')
    await limitr.allow('ada', 'chat', 1)
    await server.kill()
    expect(await soon(() => limitr.status?.state === 'offline')).toBe(true)
    expect(await limitr.allow('ada', 'chat', 1)).toBe(true)
    await server.start()
    expect(await soon(() => limitr.status?.state === 'online', 20_000)).toBe(true)
    await limitr.flush()
    expect(await limitr.allow('ada', 'hard', 1)).toBe(true)
    expect(await (await connected(server)).value('ada', 'chat')).toBe(2)
  })
})
