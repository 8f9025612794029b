// The history of a customer is found by every ID that it has, reaches to the last call, and outlives the customer.

import type { Limitr, LimitrOptions, StoredChange } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { START } from './policies.js'
import { hard, open, place, plan } from './support.js'

const DOCUMENT = plan({ chat: hard(1e9), files: hard(1e9) })

async function during<T>(options: LimitrOptions, work: (limitr: Limitr) => Promise<T>): Promise<T> {
  const limitr = await open(DOCUMENT, options)
  try {
    return await work(limitr)
  } finally {
    await limitr.close()
  }
}

const units = (changes: readonly StoredChange[]) =>
  changes.filter(({ type }) => type === 'metered').map((change) => change.units)

/** One customer, whose tenth of ten calls, one a second, was at \`START + 9_000\`. */
async function filled(limitr: Limitr): Promise<void> {
  await limitr.createCustomer('user', 'p', 'user', 'User', [], ['alias'])
  await limitr.createCustomer('other')
  for (let call = 1; call <= 10; call++) {
    await limitr.allow(call % 2 ? 'user' : 'alias', call % 5 ? 'chat' : 'files', call)
    await limitr.allow('other', 'chat', 100)
    await limitr.advance(1_000)
  }
}

describe('history', () => {
  it('follows an alternative ID, also one that was given later', async () => {
    await during({ store: place(), clock: START }, async (limitr) => {
      await filled(limitr)
      await limitr.addAltID('user', 'later')
      for (const id of ['alias', 'later']) expect(units(await limitr.history(id))).toHaveLength(10)
      await limitr.removeAltID('alias')
      expect(units(await limitr.history('alias'))).toEqual([])
    })
  })

  it('has what a customer did that is gone', async () => {
    await during({ store: place(), clock: START }, async (limitr) => {
      await filled(limitr)
      await limitr.removeCustomer('user')
      expect(units(await limitr.history('user'))).toHaveLength(10)
      expect((await limitr.history('user')).at(-1)).toMatchObject({ type: 'customer-removed' })
    })
  })

  it('has what was done just now', async () => {
    await during({ store: place() }, async (limitr) => {
      await limitr.createCustomer('user')
      for (let call = 1; call <= 50; call++) {
        limitr.sync.allow('user', 'chat', call)
        expect(units(await limitr.history('user', { limit: 1 }))).toEqual([call])
      }
    })
  })

  it('needs a store, and a query that makes sense', async () => {
    const limitr = await open(DOCUMENT, {})
    expect(await codeOf(() => limitr.history('user'))).toBe('not_supported')
    expect(await codeOf(() => limitr.history('user', { limit: 0 }))).toBe('invalid_value')
    await limitr.close()
    expect(await codeOf(() => limitr.history('user'))).toBe('closed')
    await during({ store: place() }, async (kept) => {
      const history = kept.history.bind(kept) as (...all: unknown[]) => Promise<unknown>
      for (const limit of [0, -1, 1.5, 100_001, Number.NaN])
        expect(await codeOf(() => history('user', { limit }))).toBe('invalid_value')
      for (const bad of [
        { since: '1' },
        { until: true },
        { entitlement: 5 },
        { limit: '5' },
        { wrong: 1 },
        5
      ])
        expect(await codeOf(() => history('user', bad))).toBe('invalid_argument')
      for (const since of [Number.NaN, Infinity, new Date('x')])
        expect(await codeOf(() => history('user', { since }))).toBe('invalid_value')
      expect(await codeOf(() => history(5))).toBe('invalid_argument')
    })
  })
})
