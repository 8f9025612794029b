// All customers of a store can be read one after the other in far less memory than their records would take together.

import { expect, it } from 'vitest'
import { ended, hard, place, plan } from './support.js'

const COUNT = Number(process.env.CUSTOMERS ?? 200_000)

const SCRIPT = `
  const { Limitr } = require('limitr')
  const open = (store) => Limitr.new(${JSON.stringify(plan({ chat: hard(10) }))}, 'json', { store })
  const records = function* (from, to) {
    for (let n = from; n < to; n++)
      yield { id: 'customer_' + n, plan: 'p', label: 'The customer that has the number ' + n, metadata: { n } }
  }
  ;(async () => {
    let limitr = await open(process.argv[1])
    for (let from = 0; from < ${COUNT}; from += 5_000)
      await limitr.loadCustomers(records(from, Math.min(from + 5_000, ${COUNT})))
    await limitr.close()
    limitr = await open(process.argv[1])
    let [count, sum, most] = [0, 0, 0]
    for await (const record of limitr.eachCustomer()) {
      count++
      sum += record.metadata.n
      if (count % 10_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed)
    }
    console.log(JSON.stringify([count, sum, Math.round(most / 2 ** 20), Math.round(process.memoryUsage().rss / 2 ** 20)]))
    await limitr.close()
  })()
`

it(`${COUNT} customers are read in a heap of 32 MiB`, async () => {
  const { out, err, code } = await ended(SCRIPT, [place()], { flags: ['--max-old-space-size=32'] })
  expect([code, err]).toEqual([0, ''])
  const [count, sum, heap, rss] = JSON.parse(out)
  console.log(`${count} customers: heap of ${heap} MiB at the most, ${rss} MiB in all`)
  expect(count).toBe(COUNT)
  expect(sum).toBe((COUNT * (COUNT - 1)) / 2)
}, 600_000)
