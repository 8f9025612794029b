// Functions of a policy with a store: what one said is what is on disk, and `flush` and `close` wait for what functions began.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { ended, open, place } from './support.js'

const FUNCTIONS = `
credits: {
  token: {
    fn overhead(units: float, context: obj) -> float {
      if (context.fail == true) throw('no rate');
      units * self.rates.get(context.model ?? 'small')
    }
  }
}
notifications: {
  later: {
    fn matches(type: str, event: obj) -> bool { type == 'meter-changed' && event.entitlement == 'chat' }
    async fn fire(name: str, event: obj) { App.later(event.customer.id); }
  }
}
`
const policy = (functions: string | undefined = FUNCTIONS, rates: object = { small: 0.5, large: 2 }) => ({
  policy: {
    ...(functions && { functions }),
    credits: { token: { overhead_cost: 7, rates }, plain: { overhead_cost: 3 } },
    plans: {
      free: {
        default: true,
        entitlements: {
          chat: { limit: { credit: 'token', value: 1_000 } },
          other: { limit: { credit: 'plain', value: 1_000 } }
        }
      }
    },
    notifications: functions ? { later: {} } : {}
  }
})
const large = { model: 'large' }
const costOf = async (limitr: Limitr) => (await limitr.customerMarginSnapshot('ann'))?.entitlements.chat.cost

for (const durability of ['strict', 'relaxed'] as const) {
  describe(`a ${durability} store`, () => {
    it('has what functions said, whatever they say when it is opened again', async () => {
      const store = place()
      const limitr = await open(policy(), { store, durability })
      limitr.lib('App', 'later', () => null)
      await limitr.createCustomer('ann')
      await limitr.addCustomerCap('ann', 100, { overhead_cost: true })
      await limitr.allow('ann', 'chat', 4, large) // 8
      limitr.sync.allow('ann', 'chat', 4, large) // 8
      await limitr.set('ann', 'chat', 10, large) // 4
      await limitr.allowAll('ann', [{ entitlement: 'chat', value: 1 }], { event: large }) // 2
      await limitr.settle('ann', 'chat', null, 1, large) // 2
      await limitr.allow('ann', 'chat', 1, { fail: true }) // 7
      const decided = await limitr.decide('ann', 'chat', 1, { id: 'once', event: large }) // 2
      const hold = await limitr.reserve('ann', 'chat', { value: 5, context: large, ttl: '1day' }) // keeps 10
      expect(await costOf(limitr)).toBe(33)
      const before = await limitr.allowance('ann', 'other')
      expect(before).toBeCloseTo((100 - 43) / 3, 8)
      await limitr.close()

      for (const document of [policy(), policy(''), policy(FUNCTIONS, { small: 9, large: 99 })]) {
        const again = await open(document, { store, durability })
        expect(await costOf(again)).toBe(33)
        expect(await again.allowance('ann', 'other')).toBe(before)
        expect(await again.decide('ann', 'chat', 1, { id: 'once', event: large })).toEqual(decided)
        await again.close()
      }
      const last = await open(policy(), { store, durability })
      last.lib('App', 'later', () => null)
      await last.settle('ann', 'chat', hold, 5, large)
      expect(await costOf(last)).toBe(43)
      await last.close()
    })

    for (const way of ['close', 'flush', 'await using'] as const) {
      it(`has what functions of the app did after their calls, once \`${way}\` is through`, async () => {
        const store = place()
        let limitr = await open(policy(), { store, durability })
        await limitr.createCustomer('ann')
        const engine = limitr
        let mail = () => {}
        const mailed = new Promise<void>((resolve) => {
          mail = resolve
        })
        limitr.lib('App', 'later', async (id) => {
          await mailed
          await engine.allow(id, 'other', 1)
        })
        expect(await limitr.allow('ann', 'chat', 1)).toBe(true)
        expect(await limitr.value('ann', 'other')).toBe(0)
        const ways = {
          close: () => limitr.close(),
          flush: () => limitr.flush(),
          'await using': () => limitr[Symbol.asyncDispose]()
        }
        const waiting = ways[way]()
        await sleep(20)
        mail()
        await waiting
        if (way === 'flush') expect(await limitr.value('ann', 'other')).toBe(1)
        await limitr.close()
        limitr = await open(policy(), { store, durability })
        expect(await limitr.value('ann', 'other')).toBe(1)
        await limitr.close()
      })
    }

    it('waits for what functions began before the policy was another', async () => {
      const limitr = await open(policy(), { store: place(), durability })
      await limitr.createCustomer('ann')
      const done: string[] = []
      limitr.lib('App', 'later', async (id) => {
        await sleep(30)
        done.push(id)
      })
      await limitr.allow('ann', 'chat', 1)
      await limitr.updatePolicy(policy(`${FUNCTIONS} `))
      await limitr.updatePolicy(policy(''))
      await limitr.flush()
      expect(done).toEqual(['ann'])
      await limitr.close()
    })
  })
}

it('a killed process loses nothing that a function said of an answered call', async () => {
  const store = place()
  const script = `
    const { Limitr } = require('limitr')
    ;(async () => {
      const limitr = await Limitr.new(${JSON.stringify(policy())}, 'auto', { store: process.argv[1], durability: 'strict' })
      limitr.lib('App', 'later', () => null)
      await limitr.createCustomer('ann')
      await limitr.allow('ann', 'chat', 4, { model: 'large' })
      await limitr.set('ann', 'chat', 10, { model: 'large' })
      console.log('answered')
      process.kill(process.pid, 'SIGKILL')
    })()
  `
  expect(await ended(script, [store])).toMatchObject({ signal: 'SIGKILL', out: 'answered\n' })
  const limitr = await open(policy(), { store })
  expect(await costOf(limitr)).toBe(20)
  await limitr.close()
})
