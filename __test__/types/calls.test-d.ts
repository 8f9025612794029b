import {
  type CustomerRecord,
  type Decision,
  type Diagnostic,
  type ErrorCode,
  Limitr,
  LimitrError,
  type LimitrSync,
  type Reason
} from 'limitr'
import { describe, expectTypeOf, test } from 'vitest'

declare const limitr: Limitr

describe('a call', () => {
  test("takes quantities in each of their forms, and null for what isn't given", () => {
    void limitr.allow('u', 'e')
    void limitr.allow('u', 'e', 5)
    void limitr.allow('u', 'e', '500MB')
    void limitr.allow('u', 'e', 5n)
    void limitr.allow('u', 'e', null, null, null, null)
    void limitr.allow('u', 'e', 5, { model: 'x' }, 0.01, true)
    // @ts-expect-error no quantity
    void limitr.allow('u', 'e', true)
    // @ts-expect-error no quantity
    void limitr.allow('u', 'e', new Date())
    // @ts-expect-error the entitlement is missing
    void limitr.allow('u')
    // @ts-expect-error a customer is a string
    void limitr.allow(5, 'e')
    // @ts-expect-error `set` needs a value
    void limitr.set('u', 'e')
  })

  test('answers by promise, and its twin without', () => {
    expectTypeOf(limitr.allow('u', 'e')).toEqualTypeOf<Promise<boolean>>()
    expectTypeOf(limitr.sync.allow('u', 'e')).toEqualTypeOf<boolean>()
    expectTypeOf(limitr.decide('u', 'e')).resolves.toEqualTypeOf<Decision>()
    expectTypeOf(limitr.sync.explain('u', 'e').reason).toEqualTypeOf<Reason>()
    expectTypeOf(limitr.value('u', 'e')).resolves.toEqualTypeOf<number | null>()
    expectTypeOf(limitr.createCustomer('u')).resolves.toEqualTypeOf<CustomerRecord | undefined>()
    expectTypeOf(limitr.sync.customers()).toEqualTypeOf<Record<string, CustomerRecord>>()
    expectTypeOf(limitr.sync).toEqualTypeOf<LimitrSync>()
    expectTypeOf<Parameters<LimitrSync['allow']>>().toEqualTypeOf<Parameters<Limitr['allow']>>()
  })

  test("that isn't there is refused", () => {
    // @ts-expect-error what can only wait has no twin
    void limitr.sync.close
  })

  test('records are read as they come', async () => {
    for await (const { id } of limitr.eachCustomer()) expectTypeOf(id).toEqualTypeOf<string>()
    for (const { id } of limitr.sync.eachCustomer()) expectTypeOf(id).toEqualTypeOf<string>()
    await limitr.loadCustomers(await limitr.customers(), { event: true })
    await limitr.loadCustomers(limitr.sync.eachCustomer())
    await limitr.setCustomer(JSON.parse('{}'))
  })
})

describe('opening', () => {
  test('takes options, or a boolean', () => {
    void Limitr.new('policy: {}', 'yaml', true)
    void Limitr.new('policy: {}', null, { clock: 0, strict: true, validate: null })
    // @ts-expect-error no such option
    void Limitr.new('policy: {}', 'yaml', { stirct: true })
    // @ts-expect-error no such format
    void Limitr.new('policy: {}', 'yml')
    void Limitr.new('policy: {}', 'yaml', { store: './limitr.db', durability: 'strict', shared: 'main' })
    // @ts-expect-error no adapter
    void Limitr.new('policy: {}', 'yaml', { store: { load: async () => null } })
    // @ts-expect-error `Limitr.new` is the way to one
    void new Limitr()
  })

  test('is undone by `await using`', async () => {
    await using open = await Limitr.new('policy: {}')
    expectTypeOf(open[Symbol.asyncDispose]()).toEqualTypeOf<Promise<void>>()
    expectTypeOf(open.diagnostics).toEqualTypeOf<readonly Diagnostic[]>()
    // @ts-expect-error only by promise
    using direct = await Limitr.new('policy: {}')
    void direct
  })
})

describe('an error', () => {
  test('is told by its code', () => {
    const error: unknown = null
    if (error instanceof LimitrError) {
      expectTypeOf(error.code).toEqualTypeOf<ErrorCode>()
      expectTypeOf(error.diagnostics).toEqualTypeOf<readonly Diagnostic[] | undefined>()
      expectTypeOf(error.name).toEqualTypeOf<'LimitrError'>()
    }
  })
})
