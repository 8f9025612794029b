// Every method, by promise on one engine and without on another: the same answers, events and state.

import { Limitr, type LimitrEvent } from 'limitr'
import { describe, expect, it } from 'vitest'
import { METHODS, PROTOTYPE } from './support/methods.js'
import { heard, opened } from './support/open.js'
import { POLICY, START } from './support/policies.js'

type Call = [name: string, ...args: unknown[]]

const CALLS: Call[] = [
  ['createCustomer', 'new', 'free', 'user', 'New', ['org'], ['other'], { a: 1 }],
  ['createCustomer', 'bad', 'no_such_plan'],
  ['ensureCustomer', 'new'],
  ['allow', 'new', 'chat', 40],
  ['allow', 'new', 'chat', '40', { n: 1 }],
  ['allow', 'new', 'chat', 40],
  ['allow', 'new', 'chat', 40, true, null, true],
  ['allow', 'new', 'chat', Number.NaN],
  ['allow', 'nobody', 'chat', 1],
  ['allow', 5, 'chat'],
  ['check', 'new', 'soft', 5],
  ['increment', 'new', 'soft'],
  ['decrement', 'new', 'soft', false],
  ['set', 'new', 'soft', 12, { n: 2 }],
  ['decide', 'new', 'soft', 3, { event: { n: 3 } }],
  ['explain', 'new', 'chat', 1],
  ['explain', 'new', 'sso', '1'],
  [
    'allowAll',
    'new',
    [
      { entitlement: 'soft', value: 1 },
      { entitlement: 'chat', value: 500 }
    ]
  ],
  [
    'decideAll',
    'new',
    [{ entitlement: 'soft', value: 1 }, { entitlement: 'chat', value: 500 }, { entitlement: 'export' }]
  ],
  ['value', 'new', 'chat'],
  ['value', 'new', 'chat', true],
  ['value', 'new', 'sso'],
  ['remaining', 'new', 'soft'],
  ['remaining', 'new', 'watched', false, false],
  ...['limit', 'allowance', 'cost', 'resets', 'rate', 'acceleration', 'projectedExhaustion'].map(
    (name): Call => [name, 'new', 'chat']
  ),
  ...['creditFor', 'entitlement', 'limitObject', 'meterObject'].map((name): Call => [name, 'new', 'chat']),
  ['createCustomerOverride', 'new', 'chat', 500],
  ['removeCustomerOverride', 'new', 'chat'],
  ['applyCustomerTopup', 'new', 'pack'],
  ['addCustomerCap', 'new', 5, { cap_id: 'c' }],
  ['customerCap', 'new', 'c'],
  ['addCustomerCap', 'new', 5, { credit: 'nothing' }],
  ['resetCustomerCap', 'new', 'c'],
  ['removeCustomerCap', 'new', 'c'],
  ['reserve', 'new', 'chat', { value: 2 }],
  ['held', 'new', 'chat'],
  ['settle', 'new', 'chat', null, 1],
  ['release', 'new', 'chat', 'hold_9'],
  ['ensureCustomerPlanQuantity', 'new', 'no_such_plan', 3],
  ['setExchange', 'eur', 1.1, 'usd'],
  ['observe', 'new', 'chat', 3],
  ['estimate', 'new', 'chat'],
  ['customerMarginSnapshot', 'new'],
  ['marginSnapshot', 'pro', { chat: 5 }],
  ['startMarginMeasurement', 'new'],
  ['captureMarginMeasurement', 'new', 'measurement_1'],
  ['creditExchange', 'eur'],
  ['addAltID', 'new', 'third'],
  ['removeAltID', 'third'],
  ['setCustomerPlan', 'new', 'pro'],
  ['setCustomerPlan', 'new', 'no_such_plan'],
  ['customer', 'other'],
  ['customers'],
  ['customerMetadata', 'new'],
  ['customerRefs', 'new'],
  ['setCustomer', { id: 'half' }],
  ['ensureSetCustomer', { id: 'new' }],
  ['loadCustomers', []],
  ['removeCustomer', 'new'],
  ['plan', 'user'],
  ['defaultPlan'],
  ['setPlan', 'team', { entitlements: {} }],
  ['deletePlan', 'team'],
  ['planPeriod', 'free'],
  ['planTrialPeriod', 'free'],
  ['credit', 'token'],
  ['difference', POLICY],
  ['updatePolicy', POLICY],
  ['policy'],
  ['valid'],
  ['version'],
  ['now'],
  ['advance', '1day'],
  ['advance', -5]
]

type Outcome = { answer?: unknown; code?: unknown }

async function outcome(target: object, [name, ...args]: Call): Promise<Outcome> {
  try {
    return { answer: await (target as Record<string, (...all: unknown[]) => unknown>)[name](...args) }
  } catch (error) {
    return { code: (error as { code: unknown }).code }
  }
}

const plain = (events: LimitrEvent[]) => JSON.parse(JSON.stringify(events))

describe('a twin', () => {
  it('answers, sends and leaves behind what the promise does', async () => {
    const [one, two] = [await opened(), await opened()]
    const [events, twins] = [heard(one), heard(two)]
    for (const call of CALLS) {
      const [promised, direct] = [await outcome(one, call), await outcome(two.sync, call)]
      expect(direct, JSON.stringify(call)).toEqual(promised)
      expect(plain(twins), JSON.stringify(call)).toEqual(plain(events))
    }
    expect(await two.customers()).toEqual(await one.customers())
    await one.close()
    await two.close()
  })

  it('exists for every method but those that can only wait', () => {
    const methods = Object.getOwnPropertyNames(PROTOTYPE).filter((name) => {
      const { value } = Object.getOwnPropertyDescriptor(PROTOTYPE, name) ?? {}
      return typeof value === 'function' && name !== 'constructor'
    })
    const alone = [
      ...['close', 'flush', 'history', 'addHandler', 'removeHandler', 'clearHandlers', 'on'],
      ...['lib', 'capability', 'setCapabilities', 'runCapability', 'claudeTools', 'claudeToolUse']
    ]
    const tried = new Set([
      ...CALLS.map(([name]) => name),
      'eachCustomer',
      'hold',
      ...METHODS.map(({ name }) => name)
    ])
    expect(methods.filter((name) => !alone.includes(name)).sort()).toEqual([...tried].sort())
  })

  it('is no promise', async () => {
    const limitr = await Limitr.new(POLICY, 'auto', { clock: START })
    expect(limitr.sync.createCustomer('u')).toMatchObject({ id: 'u' })
    expect(limitr.sync.allow('u', 'chat', 1)).toBe(true)
    expect(limitr.sync).toBe(limitr.sync)
    expect(limitr.allow('u', 'chat', 1)).toBeInstanceOf(Promise)
    await limitr.close()
  })

  it('throws what the promise rejects with, and a promise never throws', async () => {
    const limitr = await opened()
    expect(() => limitr.sync.allow(5 as never, 'chat')).toThrow('`customer` must be a string')
    for (const { name } of METHODS) {
      const call = (limitr as unknown as Record<string, (...all: unknown[]) => Promise<unknown>>)[name](
        Symbol('wrong')
      )
      expect(call, name).toBeInstanceOf(Promise)
      await expect(call, name).rejects.toMatchObject({ code: 'invalid_argument' })
    }
    await limitr.close()
  })
})
