// A relaxed engine answers before what it did is on disk. However its process or thread ends, but for a kill, all of it gets there.

import { expect, it } from 'vitest'
import { ended, hard, open, place, plan } from './support.js'

const DOCUMENT = plan({ chat: hard(1e9) })

/** What ends the process, or the thread, after the last call. The engine is `limitr`. */
const WAYS = {
  'its work is done': '',
  'process.exit': 'process.exit(0)',
  'process.exit in the middle of a microtask': 'Promise.resolve().then(() => process.exit(0))',
  'an exception that nobody catches': `setImmediate(() => { throw new Error('left') })`,
  'a rejection that nobody catches': `Promise.reject(new Error('left'))`,
  'close, without waiting for it': 'limitr.close(); process.exit(0)',
  'close, waited for': 'await limitr.close(); process.exit(0)',
  'process.exitCode and a call under way': `process.exitCode = 3; limitr.allow('user', 'chat', 0)`
}

const USE = `
  const { Limitr } = require('limitr')
  async function use(store, calls) {
    const limitr = await Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', { store })
    await limitr.ensureCustomer('user')
    for (let i = 0; i < calls; i++) await limitr.allow('user', 'chat', 1)
    return limitr
  }
`

/** A process whose worker does `work`; it prints how the worker ended. */
const inWorker = (work: string, main = '') => `
  const { Worker } = require('node:worker_threads')
  const worker = new Worker(${JSON.stringify(`${USE} const { workerData, parentPort } = require('node:worker_threads'); (async () => { ${work} })()`)}, {
    eval: true, workerData: process.argv[1]
  })
  worker.on('error', (error) => console.log(error.message))
  worker.on('exit', (code) => console.log('exit', code))
  ${main}
`

async function usedIn(store: string): Promise<number | null> {
  const limitr = await open(DOCUMENT, { store })
  const used = await limitr.value('user', 'chat')
  await limitr.close()
  return used
}

for (const [way, end] of Object.entries(WAYS)) {
  it(`by ${way}, a process leaves every call in its store`, async () => {
    const store = place()
    const script = `${USE} (async () => { const limitr = await use(process.argv[1], 1000); ${end} })()`
    for (const calls of [1_000, 2_000, 3_000]) {
      const { signal } = await ended(script, [store])
      expect(signal).toBe(null)
      expect(await usedIn(store)).toBe(calls)
    }
  })
}

for (const [way, end] of Object.entries(WAYS)) {
  it(`by ${way}, a worker leaves every call in its store`, async () => {
    const store = place()
    const { out } = await ended(inWorker(`const limitr = await use(workerData, 1000); ${end}`), [store])
    expect(out).toMatch(/exit [013]\n$/)
    expect(await usedIn(store)).toBe(1_000)
  })
}

it('a worker that is terminated leaves every call that it told of', async () => {
  const store = place()
  const { out } = await ended(
    inWorker(
      `const limitr = await use(workerData, 0)
       const told = new Int32Array(new SharedArrayBuffer(4))
       parentPort.postMessage(told)
       for (;;) if (limitr.sync.allow('user', 'chat', 1)) Atomics.add(told, 0, 1)`,
      `worker.on('message', (told) => setTimeout(async () => {
         await worker.terminate()
         console.log('told', told[0])
       }, 200))`
    ),
    [store]
  )
  const told = Number(/told (\d+)/.exec(out)?.[1])
  expect(told).toBeGreaterThan(0)
  const used = await usedIn(store)
  expect([told, told + 1]).toContain(used)
})

it('an engine that is dropped without being closed is collected, and lets go of its store', async () => {
  const script = `
    ${USE}
    (async () => {
      await use(process.argv[1], 1000)
      for (let i = 0; ; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        gc()
        const again = await use(process.argv[1], 0).catch((error) => error)
        if (again.code === 'store_locked' && i < 500) continue
        console.log(again.code ?? (await again.value('user', 'chat')))
        return again.close?.()
      }
    })()`
  const { out } = await ended(script, [place()], { flags: ['--expose-gc'] })
  expect(out).toBe('1000\n')
})

it('one that threads can share is collected, too', async () => {
  const script = `
    const { Limitr } = require('limitr')
    const shared = (limit) => Limitr.new({ policy: { credits: { t: {} }, plans: { p: { default: true,
      entitlements: { chat: { limit: { credit: 't', value: limit } } } } } } }, 'json', { shared: 'one' })
    ;(async () => {
      await shared(1)
      for (let i = 0; ; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        gc()
        const again = await shared(2).catch((error) => error)
        if (again.code === 'shared_conflict' && i < 500) continue
        console.log(again.code ?? 'another')
        return again.close?.()
      }
    })()`
  const { out } = await ended(script, [], { flags: ['--expose-gc'] })
  expect(out).toBe('another\n')
})
