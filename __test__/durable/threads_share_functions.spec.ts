// Threads that share an engine each have the functions of its policy as it is now; what one fires, it fires once.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Limitr, LimitrError } from 'limitr'
import { describe, expect, it } from 'vitest'
import { ended, open, place } from './support.js'

const FUNCTIONS = `
credits: { token: { fn overhead(units: float, context: obj) -> float { units * self.rates.get(context.model) } } }
notifications: {
  large: { fn matches(type: str, event: obj) -> bool { type == 'meter-changed' && event.meter.diff >= 20 } }
  sent: {
    fn matches(type: str, event: obj) -> bool { type == 'meter-changed' && event.meter.diff >= 20 }
    fn fire(name: str, event: obj) { App.send(name, event.customer.id); }
  }
  half: { fn fire(name: str, event: obj) { App.send(name, event.customer.id); } }
}
`
const NOTIFICATIONS = { large: {}, sent: {}, half: { when: { event: 'meter-changed', crosses: 500 } } }
const policy = (functions = FUNCTIONS, rates: object = { large: 2 }) => ({
  policy: {
    ...(functions && { functions }),
    credits: { token: { overhead_cost: 7, rates } },
    plans: {
      free: { default: true, entitlements: { chat: { limit: { credit: 'token', value: 1_000_000 } } } }
    },
    notifications: functions ? NOTIFICATIONS : {}
  }
})
const large = { model: 'large' }
const cost = async (limitr: Limitr) => (await limitr.decide('ann', 'chat', 1, { event: large })).cost

async function two(name: string, document: object = policy()) {
  const both = [await open(document, { shared: name }), await open(document, { shared: name })]
  await both[0].createCustomer('ann')
  return both as [Limitr, Limitr]
}

describe('of engines that are one', () => {
  it('each asks the functions of the policy as it is, whoever changed it', async () => {
    const [one, other] = await two('functions')
    expect([await cost(one), await cost(other)]).toEqual([2, 2])
    await one.updatePolicy(policy(FUNCTIONS, { large: 5 }))
    expect([await cost(one), await cost(other)]).toEqual([5, 5])
    await other.updatePolicy(policy(FUNCTIONS.replace('units *', '10 * units *')))
    expect([await cost(one), await cost(other)]).toEqual([20, 20])
    await one.updatePolicy(policy(''))
    expect([await cost(one), await cost(other)]).toEqual([7, 7])
    const third = await open(policy(), { shared: 'functions' })
    expect(await cost(third)).toBe(7)
    await other.updatePolicy(policy())
    expect([await cost(one), await cost(other), await cost(third)]).toEqual([2, 2, 2])
    for (const limitr of [one, other, third]) await limitr.close()
  })

  it('each hears of what matches once, and the one that called fires', async () => {
    const [one, other] = await two('notifications')
    const [sent, heard] = [[] as unknown[], [] as unknown[]]
    const engines = Object.entries({ one, other })
    for (const [name, limitr] of engines) {
      limitr.lib('App', 'send', (...args) => void sent.push([name, ...args]))
      limitr.on('large' as never, (event: { meter: { diff: number } }) =>
        heard.push([name, event.meter.diff])
      )
    }
    await one.allow('ann', 'chat', 20, large)
    await sleep(50)
    await other.allow('ann', 'chat', 600, large)
    await sleep(50)
    expect(heard.sort()).toEqual([
      ['one', 20],
      ['one', 600],
      ['other', 20],
      ['other', 600]
    ])
    expect(sent.sort()).toEqual([
      ['one', 'sent', 'ann'],
      ['other', 'half', 'ann'],
      ['other', 'sent', 'ann']
    ])
    for (const [, limitr] of engines) await limitr.close()
  })

  it('none gets functions that the others would not know of', async () => {
    const [one, other] = await two('none', policy(''))
    const refused = await one.updatePolicy(policy()).catch((error) => error)
    expect(refused).toBeInstanceOf(LimitrError)
    expect(refused.code).toBe('not_supported')
    expect(refused.message).toMatch(/open it with them/)
    await expect(one.setNotifications('large: { fn matches() -> bool { true } }')).rejects.toThrow(/open it/)
    expect([await one.version(), await cost(one), await cost(other)]).toEqual([1, 7, 7])
    await one.updatePolicy(policy('', { large: 9 }))
    await one.close()
    await other.close()
  })
})

it('worker threads count what the function says, exactly, and it is on disk', async () => {
  const store = place()
  const script = `
    const { Worker } = require('node:worker_threads')
    const document = ${JSON.stringify(policy())}
    const options = { shared: 'workers', store: process.argv[1], durability: 'strict' }
    const work = async ({ document, options, rounds }) => {
      const { Limitr } = require('limitr')
      const limitr = await Limitr.new(document, 'json', options)
      await limitr.ensureCustomer('ann')
      for (let round = 0; round < rounds; round++) {
        await limitr.allow('ann', 'chat', 1, { model: 'large' })
        await limitr.allowAll('ann', [{ entitlement: 'chat', value: 2 }], { event: { model: 'large' } })
      }
      await limitr.close()
    }
    Promise.all(Array.from({ length: 2 }, () => new Promise((resolve, reject) => {
      const worker = new Worker('(' + work + ')(require("node:worker_threads").workerData)', {
        eval: true, workerData: { document, options, rounds: 50 }
      })
      worker.on('error', reject).on('exit', resolve)
    }))).then((codes) => console.log(codes.join(' ')))
  `
  expect(await ended(script, [store])).toMatchObject({ out: '0 0\n', err: '' })
  const limitr = await open(policy(''), { store })
  expect(await limitr.value('ann', 'chat')).toBe(300)
  expect((await limitr.customerMarginSnapshot('ann'))?.cost).toBe(600)
  await limitr.close()
})
