// Every argument of every method, given everything that it isn't: the documented code comes back, by promise and by throw, and
// nothing has changed.

import type { Limitr } from 'limitr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Kind, METHODS, PROTOTYPE } from './support/methods.js'
import { codeOf, opened } from './support/open.js'

const NO_NUMBERS = [true, {}, [1], () => 1, Symbol('five')]
const NOT_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

/** What each kind of argument isn't, by the code that it is refused with. */
const WRONG: Record<Kind, Record<string, unknown[]>> = {
  name: { invalid_argument: [5, true, {}, ['user'], 5n, () => 'user', Symbol('user'), null, undefined] },
  newName: {
    invalid_argument: [5, true, {}, ['user'], 5n, Symbol('user'), null, undefined],
    invalid_name: ['', 'x'.repeat(10_240), 'half \ud800']
  },
  optionalName: { invalid_argument: [5, true, {}, [], 5n, Symbol('user')], invalid_name: ['half \udc00'] },
  text: { invalid_argument: [5, true, {}, [], 5n, Symbol('text'), 'half \udc00'] },
  flag: { invalid_argument: ['yes', 'true', 0, 1, {}, [], Symbol('yes')] },
  event: { invalid_argument: ['yes', 0, 1, [], () => true, Symbol('yes')] },
  quantity: {
    invalid_argument: NO_NUMBERS,
    invalid_value: [
      ...NOT_FINITE,
      1e25,
      -1e25,
      '1e400',
      'NaN',
      'Infinity',
      '',
      'junk',
      '1 2',
      'half \ud800',
      10n ** 25n
    ],
    unknown_unit: ['5MX', '5 bananas'],
    unit_mismatch: ['5kg', '5MB']
  },
  requiredQuantity: {
    invalid_argument: [...NO_NUMBERS, null, undefined],
    invalid_value: [...NOT_FINITE, 1e25, '1e400', 'junk'],
    unknown_unit: ['5MX'],
    unit_mismatch: ['5kg']
  },
  overrideValue: {
    invalid_argument: [true, [1], () => 1, { vlaue: 5 }, { resets: 'yes' }, { mode: 5 }, { increment: {} }],
    invalid_value: [...NOT_FINITE, { value: Number.NaN }, { reset_inc: Number.NaN }, 'half \ud800'],
    bad_quantity: [1e25, '1e400', 'junk', { value: '1e400' }, { increment: 'junk' }],
    unknown_unit: ['5MX', { value: '5MX' }],
    unit_mismatch: ['5kg', { value: '5kg' }]
  },
  overrideQuantity: {
    invalid_argument: NO_NUMBERS,
    invalid_value: NOT_FINITE,
    bad_quantity: [1e25, '1e400', 'junk'],
    unknown_unit: ['5MX'],
    unit_mismatch: ['5kg']
  },
  optionalLookup: { invalid_argument: [5, true, {}, [], 5n] },
  plainNumber: { invalid_argument: ['5', true, {}, [], 5n, null, undefined], invalid_value: NOT_FINITE },
  number: { invalid_argument: ['5', true, {}, [], 5n], invalid_value: NOT_FINITE },
  duration: {
    invalid_argument: [true, {}, [], 5n, null, undefined],
    invalid_value: [...NOT_FINITE, 'half \ud800']
  },
  names: { invalid_argument: ['org', 5, {}, true, [5], [null]] },
  metadata: {
    invalid_argument: ['x', 5, [], true, { f: () => 1 }, { map: new Map() }, { s: Symbol('s') }],
    invalid_value: [{ deep: [{ n: Number.NaN }] }]
  },
  record: { invalid_argument: ['user', 5, null, undefined, [], {}, { id: 5 }, { id: null }] },
  records: { invalid_argument: ['user', 5, null, undefined, true, { id: 'user' }, [5], [{}]] },
  document: { invalid_argument: [5, true, null, undefined, [], () => '', Symbol('policy')] },
  format: { invalid_argument: ['yml', 'xml', '', 5, {}, true] },
  options: { invalid_argument: ['fast', 5, true, [], { evnt: true }] },
  items: {
    invalid_argument: [
      'chat',
      5,
      {},
      null,
      undefined,
      [5],
      ['chat'],
      [{}],
      [{ entitlement: 'chat', valeu: 1 }]
    ]
  },
  plan: { invalid_argument: ['pro', 5, null, undefined, [], true] }
}

describe.each(METHODS)('$name', ({ name, args }) => {
  let limitr: Limitr
  let before: unknown
  beforeAll(async () => {
    limitr = await opened()
    await limitr.allow('user', 'chat', 7)
    before = await limitr.customers()
  })
  afterAll(() => limitr.close())

  const cases = args.flatMap(({ kind, argument }, index) =>
    Object.entries(WRONG[kind]).map(([code, values]) => ({ index, argument, code, values }))
  )
  it.each(cases)('refuses a wrong `$argument` with $code', async ({ index, code, values }) => {
    for (const value of values) {
      const given = args.map(({ good }) => good)
      given[index] = value
      const shown = `${name}(…, ${typeof value === 'string' ? value.slice(0, 20) : String(typeof value)}, …)`
      const call = (target: object) =>
        (target as Record<string, (...all: unknown[]) => unknown>)[name](...given)
      expect(await codeOf(() => call(limitr)), shown).toBe(code)
      expect(await codeOf(() => call(limitr.sync)), `sync.${shown}`).toBe(code)
      expect(() => call(limitr.sync)).toThrow()
    }
    expect(await limitr.customers()).toEqual(before)
  })
})

describe('what an error says', () => {
  it('names the argument, what was given and what is accepted', async () => {
    const limitr = await opened()
    await expect(limitr.allow(42 as never, 'chat')).rejects.toMatchObject({
      name: 'LimitrError',
      code: 'invalid_argument',
      message: '`customer` must be a string, but the number `42` was given'
    })
    await expect(limitr.allow('user', 'chat', Promise.resolve(1) as never)).rejects.toThrow(
      /is an `await` missing/
    )
    await limitr.close()
  })

  it('quotes no more than the start of what was given', async () => {
    const limitr = await opened()
    const error = await limitr
      .allow('user', 'chat', 1, 'x'.repeat(10_000) as never)
      .catch((cause: Error) => cause)
    expect((error as Error).message.length).toBeLessThan(200)
    await limitr.close()
  })
})

describe('a list of the methods', () => {
  it('leaves none out', () => {
    const untested = ['constructor', 'defaultPlan', 'customers', 'eachCustomer', 'valid', 'version', 'now']
    const tested = new Set(METHODS.map(({ name }) => name))
    const all = Object.getOwnPropertyNames(PROTOTYPE)
    const others = [
      'sync',
      'backend',
      'status',
      'diagnostics',
      'addHandler',
      'removeHandler',
      'clearHandlers',
      'ensureCustomerPlanQuantity',
      'marginSnapshot',
      'on',
      'flush',
      'history',
      'close',
      ...['lib', 'capability', 'setCapabilities', 'runCapability', 'claudeTools', 'claudeToolUse']
    ]
    expect(
      all.filter((name) => !tested.has(name) && !untested.includes(name) && !others.includes(name))
    ).toEqual([])
  })
})
