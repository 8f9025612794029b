// A native engine is no thread's prisoner: a process or a worker that ends without `close` hands in what it did, and ends.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { connected, limit, plan, type Server, started } from './support.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Connects, meters `calls` units without promises, and ends. */
const script = (server: Server, calls: number) => `
const { Limitr } = require('limitr')
Limitr.cloud({ token: '${server.token}', url: '${server.url}' }).then(async (limitr) => {
  await limitr.ensureCustomer('ada')
  for (let call = 0; call < ${calls}; call++) limitr.sync.allow('ada', 'chat', 1)
})`

describe.runIf(process.env.LIMITR_BACKEND === 'native')('without `close`', () => {
  it('a process ends, and the server has everything', async () => {
    const server = await started(plan({ chat: limit(1_000, 'soft') }))
    await promisify(execFile)(process.execPath, ['-e', script(server, 300)], { cwd: ROOT })
    expect(await (await connected(server)).value('ada', 'chat')).toBe(300)
  })

  it('so does a worker, as often as one likes', async () => {
    const server = await started(plan({ chat: limit(1_000, 'soft') }))
    for (let round = 0; round < 20; round++) {
      const worker = new Worker(script(server, 5), { eval: true })
      expect(await new Promise((resolve) => worker.once('exit', resolve))).toBe(0)
    }
    expect(await (await connected(server)).value('ada', 'chat')).toBe(100)
  })
})
