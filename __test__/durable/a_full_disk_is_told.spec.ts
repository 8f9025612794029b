// The disk fails for real: a process may write files of so many bytes and no more. From then on a strict engine refuses, a relaxed one
// goes on and says so once, and nothing that wasn't kept is there later.

import { expect, it } from 'vitest'
import { ended, hard, open, place, plan } from './support.js'

const DOCUMENT = plan({ chat: hard(1e9) })

/** No file may grow past 32 KiB: blocks have 512 bytes in some shells and 1,024 in others. */
const SHELL = 'ulimit -f 32'

/** What each process begins with, and what it prints. */
const run = (options: object, work: string) => `
  const { Limitr } = require('limitr')
  const codeOf = (promise) => promise.then((value) => value ?? 'done', (error) => error.code ?? String(error))
  const codeOfSync = (call) => { try { return call() } catch (error) { return error.code ?? String(error) } }
  const said = (...all) => console.log(JSON.stringify(all))
  ;(async () => {
    const options = { ...${JSON.stringify(options)}, store: process.argv[1] }
    const limitr = await Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', options)
    await limitr.createCustomer('user')
    await limitr.flush()
    ${work}
  })()
`

/** Runs it on a disk that fails; what it printed, line by line, and what the store has afterwards. */
async function onFullDisk(script: string): Promise<{ said: unknown[][]; err: string; used: number }> {
  const store = place()
  const { out, err, code } = await ended(script, [store], { shell: SHELL })
  expect(code, err).toBe(0)
  const limitr = await open(DOCUMENT, { store })
  const metered = (await limitr.history('user', { limit: 100_000 })).filter(({ type }) => type === 'metered')
  const used = (await limitr.value('user', 'chat')) as number
  expect(metered).toHaveLength(used)
  expect(await limitr.allow('user', 'chat', 1)).toBe(true)
  await limitr.flush()
  await limitr.close()
  const lines = out.split('\n').slice(0, -1)
  return { said: lines.map((line) => JSON.parse(line)), err, used }
}

it('a strict engine refuses the call that was not kept and all that follow, and is kept to what it answered', async () => {
  const { said, used } = await onFullDisk(
    run(
      { durability: 'strict' },
      `let granted = 0, code
       while ((code = await codeOf(limitr.allow('user', 'chat', 1))) === true) granted++
       said(granted, code)
       const failures = [
         limitr.allow('user', 'chat', 1), limitr.value('user', 'chat'), limitr.decide('user', 'chat', 1),
         limitr.createCustomer('other'), limitr.hold('user', 'chat', { value: 1 }), limitr.updatePolicy({ policy: {} }),
         limitr.flush(), limitr.history('user')
       ]
       said(...(await Promise.all(failures.map(codeOf))))
       said(codeOfSync(() => limitr.sync.allow('user', 'chat', 1)), codeOfSync(() => limitr.sync.value('user', 'chat')),
         codeOfSync(() => limitr.sync.hold('user', 'chat', { value: 1 })))
       said(await codeOf(limitr.close()), await codeOf(limitr.allow('user', 'chat', 1)), await codeOf(limitr.close()))`
    )
  )
  const [[granted, code], failures, sync, closing] = said
  expect(granted).toBeGreaterThan(10)
  expect(code).toBe('store_failed')
  expect(failures).toEqual(Array(8).fill('store_failed'))
  expect(sync).toEqual(Array(3).fill('store_failed'))
  expect(closing).toEqual(['store_failed', 'closed', 'done'])
  expect(used).toBe(granted)
})

it('so does one that is called without promises', async () => {
  const { said, used } = await onFullDisk(
    run(
      { durability: 'strict' },
      `let granted = 0, code
       while ((code = codeOfSync(() => limitr.sync.allow('user', 'chat', 1))) === true) granted++
       said(granted, code, codeOfSync(() => limitr.sync.allow('user', 'chat', 1)), await codeOf(limitr.allow('user', 'chat', 1)))`
    )
  )
  const [[granted, ...codes]] = said
  expect(codes).toEqual(Array(3).fill('store_failed'))
  expect(used).toBe(granted)
})

it('of many strict calls at a time, those that were kept are answered and the others refused', async () => {
  const { said, used } = await onFullDisk(
    run(
      { durability: 'strict' },
      `let granted = 0, refused = 0
       await Promise.all(Array.from({ length: 50 }, async () => {
         for (let code; ; granted++) {
           code = await codeOf(limitr.allow('user', 'chat', 1))
           if (code !== true) return void (refused += code === 'store_failed')
         }
       }))
       said(granted, refused)`
    )
  )
  const [[granted, refused]] = said
  expect(refused).toBe(50)
  expect(granted).toBeGreaterThan(50)
  expect(used).toBe(granted)
})

const RELAXED = `
  const flush = async () => { for (let i = 0; i < 50; i++) await limitr.allow('user', 'chat', 1); return codeOf(limitr.flush()) }
  let kept = 0
  while ((await flush()) === 'done') kept = await limitr.value('user', 'chat')
  await new Promise((resolve) => setTimeout(resolve, 200))
`

it('a relaxed engine goes on, says it once to who hears it, and lets nobody think that it is saved', async () => {
  const { said, err, used } = await onFullDisk(
    run(
      {},
      `const events = []
       limitr.on('store-error', (event) => events.push(event))
       ${RELAXED}
       said(kept, await limitr.value('user', 'chat'), await limitr.allow('user', 'chat', 1))
       said(await codeOf(limitr.flush()), await codeOf(limitr.history('user')))
       said(events.length, events[0]?.type, events[0]?.error.name, events[0]?.error.code)
       said(await codeOf(limitr.close()), await codeOf(limitr.allow('user', 'chat', 1)))`
    )
  )
  const [[kept, value, allowed], refused, event, closing] = said
  expect(value).toBe(Number(kept) + 50)
  expect(allowed).toBe(true)
  expect(refused).toEqual(['store_failed', 'store_failed'])
  expect(event).toEqual([1, 'store-error', 'LimitrError', 'store_failed'])
  expect(closing).toEqual(['store_failed', 'closed'])
  expect(err).toBe('')
  expect(used).toBeGreaterThanOrEqual(Number(kept))
  expect(used).toBeLessThan(Number(value))
})

it('who comes to hear of it later hears of it still', async () => {
  const { said } = await onFullDisk(
    run(
      { shared: 'late' },
      `${RELAXED}
       const events = []
       limitr.on('store-error', ({ error }) => events.push(error.code))
       limitr.addHandler('all', () => {})
       await limitr.allow('user', 'chat', 1)
       const other = await Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', options)
       const heard = []
       other.on('store-error', ({ error }) => heard.push(error.code))
       await other.allow('user', 'chat', 1)
       said(events, heard)
       await codeOf(other.close())
       await codeOf(limitr.close())`
    )
  )
  expect(said).toEqual([[['store_failed'], ['store_failed']]])
})

it('where nobody hears it, it is a warning of the process', async () => {
  const { err } = await onFullDisk(
    run({}, `${RELAXED} await limitr.allow('user', 'chat', 1); await codeOf(limitr.close())`)
  )
  expect(err.match(/LimitrStoreWarning/g)).toHaveLength(1)
  expect(err).toMatch(/failed: .*isn't saved/)
})

it('a process whose store failed ends in good order without closing', async () => {
  for (const durability of ['strict', 'relaxed'])
    await onFullDisk(
      run({ durability }, `for (let i = 0; i < 2000; i++) await codeOf(limitr.allow('user', 'chat', 1))`)
    )
})

it('threads that share it hear of it, too', async () => {
  const { said } = await onFullDisk(
    run(
      { shared: 'full' },
      `const { Worker } = require('node:worker_threads')
       const worker = new Worker(\`
         const { parentPort, workerData } = require('node:worker_threads')
         const { Limitr } = require('limitr')
         Limitr.new(workerData.document, 'json', workerData.options).then((limitr) => {
           limitr.on('store-error', ({ error }) => parentPort.postMessage(error.code))
           parentPort.postMessage('ready')
           parentPort.on('message', () => limitr.close().catch((error) => parentPort.postMessage(error.code)).then(() => process.exit()))
         })\`, { eval: true, workerData: { options, document: ${JSON.stringify(DOCUMENT)} } })
       const heard = []
       const next = () => new Promise((resolve) => worker.once('message', resolve))
       await next()
       worker.on('message', (message) => heard.push(message))
       const here = []
       limitr.on('store-error', ({ error }) => here.push(error.code))
       ${RELAXED}
       await limitr.allow('user', 'chat', 1)
       worker.postMessage('end')
       await new Promise((resolve) => worker.on('exit', resolve))
       said(here, heard)
       await codeOf(limitr.close())`
    )
  )
  expect(said).toEqual([[['store_failed'], ['store_failed', 'store_failed']]])
})
