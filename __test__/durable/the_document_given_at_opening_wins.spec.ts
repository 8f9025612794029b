// The document that an engine is opened with counts from then on, as if the policy had been replaced by it.

import type { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { START } from './policies.js'
import { hard, open, place, plan } from './support.js'

const storage = (unit: string, value: string | number, more: object = {}) => ({
  policy: {
    credits: { space: { unit, stof_units: unit, price: unit === 'MB' ? 0.001 : 1 } },
    plans: {
      p: {
        default: true,
        entitlements: { files: { limit: { credit: 'space', value } }, ...more },
        topups: { more: { credit: 'space', value: unit === 'MB' ? 500 : 0.5 } }
      }
    }
  }
})

/** Opens it, does something, and closes it. */
async function during<T>(document: object, store: string, work: (limitr: Limitr) => Promise<T>): Promise<T> {
  const limitr = await open(document, { store, clock: START })
  try {
    return await work(limitr)
  } finally {
    await limitr.close()
  }
}

describe('the document given at opening', () => {
  it('changes limits, and customers and their meters stay', async () => {
    const store = place()
    await during(plan({ chat: hard(10) }), store, async (limitr) => {
      await limitr.createCustomer('user')
      await limitr.allow('user', 'chat', 8)
    })
    await during(plan({ chat: hard(9), more: hard(1) }), store, async (limitr) => {
      expect(await limitr.decide('user', 'chat', 2)).toMatchObject({
        allowed: false,
        used: 8,
        policyVersion: 2
      })
      expect(await limitr.allow('user', 'more', 1)).toBe(true)
    })
    await during(plan({ chat: hard(20) }), store, async (limitr) => {
      expect(await limitr.allow('user', 'chat', 12)).toBe(true)
      expect(await limitr.check('user', 'more')).toBe(false)
      expect(await limitr.version()).toBe(3)
    })
  })

  it('is the next version if it differs, whatever it is written in', async () => {
    const store = place()
    const [one, two] = [plan({ chat: hard(1) }), plan({ chat: hard(2) })]
    const versions: number[] = []
    for (const document of [one, one, two, two, one])
      versions.push(await during(document, store, (limitr) => limitr.version()))
    expect(versions).toEqual([1, 1, 2, 2, 3])
    const yaml = await during(one, store, (limitr) => limitr.policy('yaml'))
    const limitr = await open(Buffer.from(yaml as string), { store })
    expect(await limitr.version()).toBe(3)
    await limitr.close()
  })

  it('converts meters, overrides, caps, grants and holds to the unit that a credit has now', async () => {
    const store = place()
    const expected = await during(storage('MB', '2GB'), store, async (limitr) => {
      await limitr.createCustomer('user')
      await limitr.createCustomer('own')
      await limitr.createCustomerOverride('own', 'files', { value: '1.5GB', increment: '250MB' })
      await limitr.addCustomerCap('user', 5_000, { cap_id: 'room', credit: 'space' })
      await limitr.applyCustomerTopup('user', 'more')
      await limitr.allow('user', 'files', '2.25GB')
      await limitr.allow('own', 'files', 400)
      await limitr.reserve('own', 'files', { value: 100 })
      const updated = await open(storage('MB', '2GB'), { clock: START })
      await updated.loadCustomers(await limitr.customers())
      await updated.updatePolicy(storage('GB', 2))
      const records = await updated.customers()
      await updated.close()
      return records
    })
    for (const opening of [1, 2])
      await during(storage('GB', 2), store, async (limitr) => {
        expect(await limitr.customers(), `opening ${opening}`).toEqual(expected)
        expect(await limitr.value('user', 'files')).toBe(2.25)
        expect(await limitr.remainingCredit('user', 'space')).toBe(0.25)
        expect(await limitr.limit('own', 'files')).toBe(1.5)
        expect([await limitr.held('own', 'files'), await limitr.cost('own', 'files')]).toEqual([0.1, 0.25])
        expect(await limitr.version()).toBe(2)
      })
  })

  it('creates the customers that it seeds where they are not there', async () => {
    const store = place()
    const seeded = (label: string, ids: string[]) =>
      plan({ chat: hard(10) }, { customers: Object.fromEntries(ids.map((id) => [id, { plan: 'p', label }])) })
    await during(seeded('first', ['ann', 'ben']), store, async (limitr) => {
      await limitr.allow('ann', 'chat', 4)
      await limitr.removeCustomer('ben')
    })
    await during(seeded('second', ['ann', 'ben', 'cy']), store, async (limitr) => {
      expect(await limitr.customer('ann')).toMatchObject({ label: 'first' })
      expect(await limitr.value('ann', 'chat')).toBe(4)
      expect(await limitr.customer('ben')).toMatchObject({ label: 'second' })
      expect(await limitr.customer('cy')).toMatchObject({ label: 'second' })
    })
    await during(plan({ chat: hard(10) }), store, async (limitr) => {
      expect(Object.keys(await limitr.customers()).sort()).toEqual(['ann', 'ben', 'cy'])
    })
  })
})

describe('what replaced a part of the policy', () => {
  const CHANGES: Record<string, (limitr: Limitr) => Promise<unknown>> = {
    updatePolicy: (limitr) => limitr.updatePolicy(plan({ chat: hard(77) })),
    setPlan: (limitr) => limitr.setPlan('extra', { entitlements: { chat: hard(5) } }),
    deletePlan: (limitr) => limitr.deletePlan('p'),
    setExchange: (limitr) => limitr.setExchange('eur', 1.25, 'usd'),
    setNotifications: (limitr) =>
      limitr.setNotifications({ low: { when: { event: 'meter-changed', crosses: '80%' } } })
  }

  for (const [name, change] of Object.entries(CHANGES)) {
    it(`by ${name} stays, until another document is given`, async () => {
      const store = place()
      const first = plan({ chat: hard(10) })
      const [changed, version] = await during(first, store, async (limitr) => {
        await change(limitr)
        return [await limitr.policy(), await limitr.version()]
      })
      await during(changed as object, store, async (limitr) => {
        expect(await limitr.policy()).toEqual(changed)
        expect(await limitr.version()).toBe(version)
      })
      await during(first, store, async (limitr) => {
        expect(await limitr.policy()).not.toEqual(changed)
        expect(await limitr.version()).toBe(version + 1)
      })
    })
  }
})
