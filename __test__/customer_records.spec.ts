import { type CustomerRecord, Limitr } from 'limitr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf, opened } from './support/open.js'
import { POLICY, START } from './support/policies.js'

let limitr: Limitr
beforeEach(async () => {
  limitr = await opened()
})
afterEach(() => limitr.close())

/** An engine with some of everything: meters, overrides, refs, other IDs, metadata. */
async function used(): Promise<void> {
  await limitr.createCustomer('user', 'free', 'user', 'Ada', ['org'], ['alias'], {
    email: 'ada@example.com',
    n: [1, { a: null }]
  })
  await limitr.allow('user', 'chat', 42.5)
  await limitr.allow('user', 'seats', 2)
  await limitr.allow('user', 'files', '20.5MB')
  await limitr.allow('user', 'soft', 15)
  await limitr.createCustomerOverride('user', 'chat', 500)
}

/** Every record of an engine. */
async function all(engine: Limitr): Promise<CustomerRecord[]> {
  const records: CustomerRecord[] = []
  for await (const record of engine.eachCustomer()) records.push(record)
  return records
}

describe('records', () => {
  it('round-trip through JSON into another engine', async () => {
    await used()
    const saved = JSON.parse(JSON.stringify(await limitr.customers())) as Record<string, CustomerRecord>
    const other = await Limitr.new(POLICY, 'auto', { clock: START })
    expect(await other.loadCustomers(saved)).toBe(2)
    expect(await other.customers()).toEqual(await limitr.customers())
    expect(await other.value('alias', 'chat')).toBe(42.5)
    expect(await other.limit('user', 'chat')).toBe(500)
    expect(await other.remaining('user', 'seats')).toBe(1)
    await other.close()
  })

  it.each([
    ['a list', (all: CustomerRecord[]) => all],
    ['a set', (all: CustomerRecord[]) => new Set(all)],
    ['a generator', (all: CustomerRecord[]) => all.values()],
    ['an object by ID', (all: CustomerRecord[]) => Object.fromEntries(all.map((one) => [one.id, one]))]
  ])('load from %s', async (_, shape) => {
    await used()
    const other = await Limitr.new(POLICY, 'auto', { clock: START })
    expect(await other.loadCustomers(shape(Object.values(await limitr.customers())))).toBe(2)
    expect(await other.customers()).toEqual(await limitr.customers())
    await other.close()
  })

  it('are replaced whole by setCustomer, and only added by ensureSetCustomer', async () => {
    await used()
    const before = await limitr.customer('user')
    await limitr.allow('user', 'chat', 7)
    expect(await limitr.setCustomer(before as CustomerRecord)).toBe(undefined)
    expect(await limitr.customer('user')).toEqual(before)
    expect(await limitr.ensureSetCustomer({ ...before, label: 'Other' })).toBe(false)
    expect(await limitr.customer('user')).toEqual(before)
    expect(await limitr.ensureSetCustomer({ ...before, id: 'copy', alt_ids: [] })).toBe(true)
    expect(await limitr.value('copy', 'chat')).toBe(42.5)
  })

  it('hand out copies: changing one changes nothing', async () => {
    await used()
    const record = (await limitr.customer('user')) as unknown as {
      label: string
      meters: Record<string, unknown>
    }
    record.label = 'changed'
    record.meters.chat = null
    expect(await limitr.customer('user')).toMatchObject({ label: 'Ada' })
    expect(await limitr.value('user', 'chat')).toBe(42.5)
  })

  it('load all or none', async () => {
    const before = await limitr.customers()
    const [good] = Object.values(before)
    expect(
      await codeOf(() =>
        limitr.loadCustomers([
          { ...good, id: 'one' },
          { ...good, id: '' }
        ])
      )
    ).toBe('invalid_name')
    expect(await codeOf(() => limitr.loadCustomers([{ ...good, id: 'one' }, {}]))).toBe('invalid_argument')
    expect(await limitr.customers()).toEqual(before)
  })
})

describe('eachCustomer', () => {
  it('gives every record once, over many pages', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `u${String(index).padStart(4, '0')}`)
    for (const id of ids) limitr.sync.createCustomer(id)
    const expected = [...ids, 'org', 'user'].sort()
    const seen: string[] = []
    for await (const { id } of limitr.eachCustomer()) seen.push(id)
    expect(seen.sort()).toEqual(expected)
    expect([...limitr.sync.eachCustomer()].map(({ id }) => id).sort()).toEqual(expected)
  })

  it('can be left early, and goes on where customers change', async () => {
    for (let index = 0; index < 600; index++) limitr.sync.createCustomer(`u${index}`)
    for await (const { id } of limitr.eachCustomer()) {
      expect(id).not.toBe('')
      break
    }
    const seen: string[] = []
    for await (const { id } of limitr.eachCustomer()) {
      seen.push(id)
      await limitr.removeCustomer(id)
    }
    expect(seen).toHaveLength(602)
    expect(await limitr.customers()).toEqual({})
  })

  it('of nobody gives nothing', async () => {
    const empty = await Limitr.new(POLICY)
    expect(await all(empty)).toEqual([])
    expect([...empty.sync.eachCustomer()]).toEqual([])
    expect(await empty.customers()).toEqual({})
    await empty.close()
  })
})

describe('customers', () => {
  it('are created with what is given and the defaults', async () => {
    expect(await limitr.createCustomer('new')).toMatchObject({
      id: 'new',
      plan: 'free',
      type: 'user',
      label: 'User',
      refs: [],
      alt_ids: [],
      metadata: null
    })
    expect(
      await limitr.createCustomer('team', 'pro', 'team', 'Team', ['org'], ['t'], { a: 1 })
    ).toMatchObject({
      id: 'team',
      plan: 'pro',
      type: 'team',
      label: 'Team',
      refs: ['org'],
      alt_ids: ['t'],
      metadata: { a: 1 }
    })
    expect(await limitr.customerMetadata('t')).toEqual({ a: 1 })
    expect(await limitr.customerRefs('team')).toEqual(['org'])
    expect(await limitr.customerRefs('nobody')).toBe(null)
  })

  it('without any plan are not created', async () => {
    const bare = await Limitr.new({ policy: { plans: { pro: {} } } })
    expect(await bare.createCustomer('u')).toBe(undefined)
    expect(await bare.ensureCustomer('u')).toBe(false)
    expect(await bare.customer('u')).toBe(null)
    await bare.close()
  })

  it('are refused an ID that is taken', async () => {
    expect(await codeOf(() => limitr.addAltID('org', 'alias'))).toBe('id_taken')
    expect(await codeOf(() => limitr.addAltID('org', 'user'))).toBe('id_taken')
    expect(await codeOf(() => limitr.createCustomer('new', null, null, null, null, ['alias']))).toBe(
      'id_taken'
    )
    expect(await limitr.addAltID('user', 'second')).toBe(true)
    expect(await limitr.removeAltID('second')).toBe(true)
    expect(await limitr.removeAltID('second')).toBe(false)
  })

  it('take an override by fields or as an object, not both', async () => {
    expect(
      await limitr.createCustomerOverride('user', 'chat', { value: 7, mode: 'soft', increment: 2 })
    ).toBe(true)
    expect(await limitr.limitObject('user', 'chat')).toMatchObject({ value: 7, mode: 'soft', increment: 2 })
    expect(await codeOf(() => limitr.createCustomerOverride('user', 'chat', { value: 7 }, START))).toBe(
      'invalid_argument'
    )
    expect(await limitr.createCustomerOverride('nobody', 'chat', 7)).toBe(false)
    const before = await limitr.customers()
    expect(await codeOf(() => limitr.createCustomerOverride('user', 'export', 7))).not.toBe(null)
    expect(await limitr.customers()).toEqual(before)
    expect(await limitr.removeCustomerOverride('user', 'chat')).toBe(true)
    expect(await limitr.removeCustomerOverride('user', 'chat')).toBe(false)
  })
})
