import type { EventType, Limitr, LimitrEvent, MeterLimitEvent, MeterOverageEvent } from 'limitr'
import { describe, expectTypeOf, test } from 'vitest'

declare const limitr: Limitr

describe('on', () => {
  test('narrows the event by its type', () => {
    const stop = limitr.on('meter-overage', (event) => {
      expectTypeOf(event).toEqualTypeOf<MeterOverageEvent>()
      expectTypeOf(event.overage_price).toEqualTypeOf<number | undefined>()
      // @ts-expect-error of another event
      void event.governor
    })
    expectTypeOf(stop).toEqualTypeOf<() => boolean>()
    limitr.on('meter-governed', ({ governor }) => expectTypeOf(governor.tokens).toEqualTypeOf<number>())
    limitr.on('handler-error', ({ error }) => expectTypeOf(error).toEqualTypeOf<unknown>())
    limitr.on('customer-set', async ({ customer }) => expectTypeOf(customer.id).toEqualTypeOf<string>())
  })

  test("takes no type that doesn't exist", () => {
    const document = { policy: { notifications: { low: { when: { event: 'meter-changed' } } } } } as const
    const typed = {} as Limitr<typeof document>
    typed.on('low', ({ type, cause }) => {
      expectTypeOf(type).toEqualTypeOf<'low'>()
      expectTypeOf(cause).toEqualTypeOf<EventType>()
    })
    // @ts-expect-error neither an event nor a notification of the policy
    typed.on('meter-chnaged', () => {})
    limitr.on('whatever-the-policy-has', ({ cause }) => expectTypeOf(cause).toEqualTypeOf<EventType>())
  })
})

describe('addHandler', () => {
  test('gets the type and the event, and knows one by the other', () => {
    limitr.addHandler('log', (type, event) => {
      expectTypeOf(type).toEqualTypeOf<EventType>()
      if (type === 'meter-limit') expectTypeOf(event).toEqualTypeOf<MeterLimitEvent>()
      if (event.type === 'customer-plan-changed') expectTypeOf(event.new_plan).toEqualTypeOf<string>()
    })
    limitr.addHandler('async', async () => {})
    limitr.addHandler('none', () => 5)
    const handler = (type: string, event: LimitrEvent) => [type, event]
    limitr.addHandler('wide', handler)
    // @ts-expect-error a handler is a function
    limitr.addHandler('log', {})
    expectTypeOf(limitr.removeHandler('log')).toEqualTypeOf<boolean>()
  })
})
