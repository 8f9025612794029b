// `eachCustomer` gives a million customers in bounded memory: those that were given are let go.

import { expect, it } from 'vitest'
import { ended } from './support.js'

/** A long test makes a million; a short one as many as show that memory doesn't grow with them. */
const CUSTOMERS = process.env.FC_NUM_RUNS ? 1_000_000 : 200_000

const SCRIPT = `
  const { Limitr } = require('limitr')
  const count = Number(process.argv[1])
  ;(async () => {
    const limitr = await Limitr.new({ policy: { credits: { t: {} }, plans: { p: { default: true, entitlements: { a: { limit: { credit: 't', value: 9 } } } } } } })
    for (let at = 0; at < count; at++) limitr.sync.createCustomer('customer_' + at)
    gc()
    const before = process.memoryUsage()
    let [seen, most] = [0, 0]
    for await (const record of limitr.eachCustomer()) {
      if (record.plan !== 'p') throw new Error('a record without a plan')
      if (++seen % 10_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed)
    }
    const grown = process.memoryUsage().rss - before.rss
    await limitr.close()
    console.log(JSON.stringify({ seen, heap: (most - before.heapUsed) / 2 ** 20, grown: grown / 2 ** 20 }))
  })()
`

it('each is seen once, and memory holds a page of them', async () => {
  const flags = ['--expose-gc', '--max-old-space-size=64']
  const { out, err, code } = await ended(SCRIPT, [String(CUSTOMERS)], { flags })
  expect([code, err]).toEqual([0, ''])
  const { seen, heap, grown } = JSON.parse(out)
  console.log(
    `${seen} customers: the heap grew by ${heap.toFixed(1)} MiB at the most, the process by ${grown.toFixed(1)}`
  )
  expect(seen).toBe(CUSTOMERS)
  // All records together would take 100 MiB and more.
  expect(heap).toBeLessThan(48)
  expect(grown).toBeLessThan(80)
}, 600_000)
