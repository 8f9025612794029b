// Two hundred worker threads load the addon, use engines in every way and end in every way. None of it crashes the process, keeps
// it alive or leaves something behind.

import { expect, it } from 'vitest'
import { ended, folder, hard, plan } from './support.js'

const DOCUMENT = plan({ chat: hard(1e12) })

/** What a worker does, by its number: each way of opening meets each way of ending. */
const WORK = `
  const { workerData: { at, root }, parentPort } = require('node:worker_threads')
  const { Limitr } = require('limitr')
  const OPTIONS = [
    {}, { store: root + '/store-' + at }, { shared: 'all' }, { shared: 'stored', store: root + '/stored' },
    { store: root + '/strict-' + at, durability: 'strict' }
  ]
  const ENDINGS = [
    async (limitr) => limitr.close(),
    async () => {},
    async () => process.exit(0),
    async (limitr) => { for (let i = 0; i < 200; i++) limitr.allow('user', 'chat', 1); process.exit(0) },
    async (limitr) => { parentPort.postMessage('end me'); for (;;) await limitr.allow('user', 'chat', 1) },
    async (limitr) => { parentPort.postMessage('end me'); for (;;) limitr.sync.allow('user', 'chat', 1, { of: at }) },
    async (limitr) => { parentPort.postMessage('end me'); for (;;) { limitr.flush().catch(() => {}); limitr.history('user').catch(() => {}); await limitr.check('user', 'chat', 1) } },
    async () => { parentPort.postMessage('end me'); for (let i = 0; ; i++) await Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', { store: root + '/more-' + at + '-' + i }) }
  ]
  ;(async () => {
    const limitr = await Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', OPTIONS[at % OPTIONS.length])
    limitr.addHandler('all', () => {})
    await limitr.ensureCustomer('user')
    for (let i = 0; i < 100; i++) await limitr.allow('user', 'chat', 1)
    if ((await limitr.value('user', 'chat')) < 100) throw new Error('calls are missing')
    await ENDINGS[(at >> 1) % ENDINGS.length](limitr)
  })()
`

const MAIN = `
  const { Worker } = require('node:worker_threads')
  const { Limitr } = require('limitr')
  const root = process.argv[1]
  const thread = (at) => new Promise((resolve, reject) => {
    const worker = new Worker(${JSON.stringify(WORK)}, { eval: true, workerData: { at, root } })
    worker.on('message', () => setTimeout(() => worker.terminate(), at % 7))
    worker.on('error', (error) => reject(new Error('worker ' + at + ': ' + error.message)))
    worker.on('exit', resolve)
  })
  const grown = async (from, to) => {
    for (let at = from; at < to; at += 4) await Promise.all([0, 1, 2, 3].map((more) => thread(at + more)))
    for (let i = 0; i < 5; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 20)) }
    return process.memoryUsage().rss / 2 ** 20
  }
  ;(async () => {
    const shared = await Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', { shared: 'all' })
    await shared.ensureCustomer('user')
    const rss = []
    for (let at = 0; at < 200; at += 40) rss.push(Math.round(await grown(at, at + 40)))
    const used = await shared.value('user', 'chat')
    if (!(await shared.allow('user', 'chat', 1)) || used < 40 * 100) throw new Error('used ' + used)
    await shared.close()
    console.log(JSON.stringify(rss))
  })()
`

it('two hundred of them neither crash nor leak', async () => {
  const { out, err, code, signal } = await ended(MAIN, [folder()], { flags: ['--expose-gc'] })
  expect([code, signal, err]).toEqual([0, null, ''])
  const rss: number[] = JSON.parse(out)
  console.log(`MiB after each forty workers: ${rss.join(', ')}`)
  // The second hundred takes what the first has left. A worker that stayed would take 5 MiB and more.
  expect(rss[4] - rss[2]).toBeLessThan(80)
}, 300_000)
