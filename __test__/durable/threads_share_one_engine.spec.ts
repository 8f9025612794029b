// Worker threads that open an engine under the same name work with one engine: limits are exact across them.

import { Limitr, LimitrError } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { ended, hard, open, place, plan } from './support.js'

const LIMIT = 1_000_000
const WORKERS = 8

/** Workers that each ask until they are denied; it prints how many calls each was granted, and what the meter says. */
const racing = (limit: number, options: object, granted: string) => `
  const { Worker } = require('node:worker_threads')
  const { Limitr } = require('limitr')
  const document = ${JSON.stringify(plan({ chat: hard(limit) }))}
  const options = { ...${JSON.stringify(options)}, ...(process.argv[1] ? { store: process.argv[1] } : {}) }
  const work = async ({ document, options, gate }) => {
    const { Limitr } = require('limitr')
    const { parentPort } = require('node:worker_threads')
    const limitr = await Limitr.new(document, 'json', options)
    await limitr.ensureCustomer('user')
    Atomics.add(gate, 0, 1)
    while (Atomics.load(gate, 0) < ${WORKERS});
    ${granted}
    parentPort.postMessage(count)
    await limitr.close()
  }
  ;(async () => {
    const gate = new Int32Array(new SharedArrayBuffer(4))
    const limitr = await Limitr.new(document, 'json', options)
    const counts = await Promise.all(Array.from({ length: ${WORKERS} }, () => new Promise((resolve, reject) => {
      const worker = new Worker('(' + work + ')(require("node:worker_threads").workerData)', {
        eval: true, workerData: { document, options, gate }
      })
      let count
      worker.on('message', (message) => { count = message }).on('error', reject).on('exit', () => resolve(count))
    })))
    console.log(JSON.stringify([counts, await limitr.value('user', 'chat')]))
    await limitr.close()
  })()
`

const WAYS = {
  'without promises': `let count = 0; while (limitr.sync.allow('user', 'chat', 1)) count++`,
  awaited: `let count = 0; while (await limitr.allow('user', 'chat', 1)) count++`
}

describe(`of ${WORKERS} threads that ask until they are denied`, () => {
  for (const [way, granted] of Object.entries(WAYS)) {
    for (const store of [null, 'a store']) {
      it(`exactly as many calls are granted as the limit says, ${way}${store ? ', with a store' : ''}`, async () => {
        const path = store ? place() : ''
        const { out, err } = await ended(racing(LIMIT, { shared: 'race' }, granted), [path])
        expect(err).toBe('')
        const [counts, used] = JSON.parse(out)
        expect(counts.reduce((sum: number, count: number) => sum + count, 0)).toBe(LIMIT)
        expect(used).toBe(LIMIT)
        expect(counts.filter((count: number) => count > 0).length).toBeGreaterThan(1)
        if (!store) return
        const limitr = await open(plan({ chat: hard(LIMIT) }), { store: path })
        expect(await limitr.value('user', 'chat')).toBe(LIMIT)
        await limitr.close()
      }, 180_000)
    }
  }

  for (const [way, granted] of Object.entries(WAYS)) {
    it(`so it is where each waits for the disk, ${way}`, async () => {
      const path = place()
      const options = { shared: 'race', durability: 'strict' }
      const { out, err } = await ended(racing(2_000, options, granted), [path])
      expect(err).toBe('')
      const [counts, used] = JSON.parse(out)
      expect(counts.reduce((sum: number, count: number) => sum + count, 0)).toBe(2_000)
      expect(used).toBe(2_000)
      const limitr = await open(plan({ chat: hard(2_000) }), { store: path })
      expect(await limitr.history('user', { limit: 100_000, entitlement: 'chat' })).toHaveLength(2_000)
      await limitr.close()
    }, 180_000)
  }
})

it('threads may open it and close it at any moment, and the store with it', async () => {
  const store = place()
  const script = `
    const { Worker } = require('node:worker_threads')
    const work = async ({ store }) => {
      const { Limitr } = require('limitr')
      for (let round = 0; round < 100; round++) {
        const limitr = await Limitr.new(${JSON.stringify(plan({ chat: hard(LIMIT) }))}, 'json', { shared: 'brief', store })
        await limitr.ensureCustomer('user')
        if (!(await limitr.allow('user', 'chat', 1))) throw new Error('denied')
        await limitr.close()
        await new Promise((resolve) => setTimeout(resolve, (round * 7) % 5))
      }
    }
    Promise.all(Array.from({ length: 2 }, () => new Promise((resolve, reject) => {
      const worker = new Worker('(' + work + ')(require("node:worker_threads").workerData)', {
        eval: true, workerData: { store: process.argv[1] }
      })
      worker.on('error', reject).on('exit', resolve)
    }))).then((codes) => console.log(codes.join(' ')))
  `
  const { out, err } = await ended(script, [store])
  expect([out, err]).toEqual(['0 0\n', ''])
  const limitr = await open(plan({ chat: hard(LIMIT) }), { store })
  expect(await limitr.value('user', 'chat')).toBe(200)
  await limitr.close()
}, 60_000)

describe('an engine with a name', () => {
  const DOCUMENT = plan({ chat: hard(10) })

  it('is one, however often it is opened, until the last is closed', async () => {
    const [one, two] = [await open(DOCUMENT, { shared: 'once' }), await open(DOCUMENT, { shared: 'once' })]
    await one.createCustomer('user')
    expect(await two.allow('user', 'chat', 10)).toBe(true)
    expect(await one.allow('user', 'chat', 1)).toBe(false)
    await one.close()
    expect(await codeOf(() => one.value('user', 'chat'))).toBe('closed')
    expect(await two.value('user', 'chat')).toBe(10)
    await two.close()
    const three = await open(DOCUMENT, { shared: 'once' })
    expect(await three.customers()).toEqual({})
    await three.close()
  })

  it('is one where many open it at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => open(DOCUMENT, { shared: 'moment' })))
    await all[0].createCustomer('user')
    for (const limitr of all) await limitr.allow('user', 'chat', 0.5)
    expect(await all[19].allow('user', 'chat', 0.1)).toBe(false)
    await Promise.all(all.map((limitr) => limitr.close()))
  })

  it('is refused to who opens it with something else', async () => {
    const limitr = await open(DOCUMENT, { shared: 'conflict', clock: 0 })
    for (const [document, options] of [
      [plan({ chat: hard(11) }), { shared: 'conflict', clock: 0 }],
      [DOCUMENT, { shared: 'conflict' }],
      [DOCUMENT, { shared: 'conflict', clock: 0, strict: true }],
      [DOCUMENT, { shared: 'conflict', clock: 0, store: place() }]
    ] as const) {
      const error = await open(document, options).catch((caught) => caught)
      expect(error).toBeInstanceOf(LimitrError)
      expect(error.code).toBe('shared_conflict')
      expect(error.message).toContain('`conflict`')
    }
    const other = await open(DOCUMENT, { shared: 'conflict', clock: 0 })
    await other.advance(5)
    expect(await limitr.now()).toBe(5)
    await other.close()
    await limitr.close()
  })

  it('takes a new policy for all', async () => {
    const [one, two] = [
      await open(DOCUMENT, { shared: 'policy' }),
      await open(DOCUMENT, { shared: 'policy' })
    ]
    await one.createCustomer('user')
    await one.updatePolicy(plan({ chat: hard(3), more: hard(1) }))
    expect(await two.decide('user', 'chat', 4)).toMatchObject({ allowed: false, limit: 3, policyVersion: 2 })
    expect(await two.decide('user', 'more', 1)).toMatchObject({ entitlement: 'more', plan: 'p' })
    const three = await open(DOCUMENT, { shared: 'policy' })
    expect(await three.version()).toBe(2)
    await Promise.all([one.close(), two.close(), three.close()])
  })

  it('keeps the store of the first, which no other engine gets', async () => {
    const store = place()
    const limitr = await open(DOCUMENT, { shared: 'stored', store })
    expect(await codeOf(() => open(DOCUMENT, { store }))).toBe('store_locked')
    expect(await codeOf(() => open(DOCUMENT, { shared: 'another', store }))).toBe('store_locked')
    await limitr.close()
    const other = await open(DOCUMENT, { shared: 'another', store })
    await other.close()
  })

  it('that could not be opened is not there', async () => {
    const options = { shared: 'refused' }
    expect(await codeOf(() => Limitr.new('a: [', 'yaml', options))).toBe('invalid_policy')
    const limitr = await open(DOCUMENT, options)
    await limitr.close()
  })

  it('knows the names that another brought', async () => {
    const [one, two] = [await open(DOCUMENT, { shared: 'names' }), await open(DOCUMENT, { shared: 'names' })]
    const types: unknown[] = []
    two.on('meter-changed', ({ entitlement, plan: name, credit }) => types.push([entitlement, name, credit]))
    await one.createCustomer('user')
    expect(await two.decide('user', 'chat', 1)).toMatchObject({ plan: 'p', entitlement: 'chat' })
    const record = (await one.customer('user')) as { id: string }
    await one.loadCustomers([
      { ...record, id: 'stranger', plan: 'gone' },
      { ...record, id: 'known' }
    ])
    expect(await two.decide('stranger', 'chat', 1)).toMatchObject({ plan: 'gone', allowed: false })
    await one.setPlan('later', { entitlements: { extra: { limit: { credit: 't', value: 5 } } } })
    await one.setCustomerPlan('known', 'later')
    expect(await two.decide('known', 'extra', 2)).toMatchObject({
      plan: 'later',
      entitlement: 'extra',
      used: 2
    })
    expect(await one.decide('known', 'extra', 2)).toMatchObject({ plan: 'later', used: 4 })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(types).toEqual([
      ['chat', 'p', 't'],
      ['extra', 'later', 't'],
      ['extra', 'later', 't']
    ])
    await Promise.all([one.close(), two.close()])
  })
})
