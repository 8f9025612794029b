import type { HandlerErrorEvent, Limitr, LimitrEvent } from 'limitr'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { codeOf, heard, opened } from './support/open.js'

let limitr: Limitr
beforeEach(async () => {
  limitr = await opened()
})
afterEach(() => limitr.close())

const types = (events: LimitrEvent[]) => events.map(({ type }) => type)

describe('every handler', () => {
  it('gets every event, in the order of the handlers', async () => {
    const calls: string[] = []
    limitr.addHandler('first', (type) => calls.push(`first ${type}`))
    limitr.on('meter-changed', ({ type }) => calls.push(`second ${type}`))
    limitr.addHandler('third', (type) => calls.push(`third ${type}`))
    await limitr.allow('user', 'chat', 1)
    expect(calls).toEqual(['first meter-changed', 'second meter-changed', 'third meter-changed'])
  })

  it('is called before the promise resolves and before the twin returns', async () => {
    const order: string[] = []
    limitr.addHandler('order', () => order.push('event'))
    const call = limitr.allow('user', 'chat', 1).then(() => order.push('resolved'))
    await call
    limitr.sync.allow('user', 'chat', 1)
    order.push('returned')
    expect(order).toEqual(['event', 'resolved', 'event', 'returned'])
  })

  it('finds the call committed', async () => {
    let seen: number | null = null
    limitr.on('meter-changed', () => {
      seen = limitr.sync.value('user', 'chat')
    })
    await limitr.allow('user', 'chat', 4)
    expect(seen).toBe(4)
  })

  it('added under a taken name takes the place of the one before', async () => {
    const calls: string[] = []
    limitr.addHandler('a', () => calls.push('old a'))
    limitr.addHandler('b', () => calls.push('b'))
    limitr.addHandler('a', () => calls.push('new a'))
    await limitr.allow('user', 'chat', 1)
    expect(calls).toEqual(['new a', 'b'])
  })

  it('gets the events of many calls in the order of the calls', async () => {
    const events = heard(limitr)
    await Promise.all([1, 2, 3, 4].map((value) => limitr.allow('user', 'chat', value)))
    expect(events.map((event) => (event.type === 'meter-changed' ? event.meter.diff : null))).toEqual([
      1, 2, 3, 4
    ])
  })
})

describe('a payload', () => {
  it('of meter-changed has the numbers of the call', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'chat', 4, { model: 'small', n: 1 })
    expect(events).toMatchObject([
      {
        type: 'meter-changed',
        meter: { old: 0, value: 4, limit: 100, diff: 4 },
        customer: { id: 'user' },
        caller: 'user',
        entitlement: 'chat',
        plan: 'free',
        credit: 'token',
        remaining: 96,
        event_data: { model: 'small', n: 1 }
      }
    ])
  })

  it('hands back the very object that was given', async () => {
    const events = heard(limitr)
    const data = { big: 5n, when: new Date(0) }
    await limitr.allow('user', 'chat', 1, data)
    await limitr.allow('user', 'chat', 1)
    expect((events[0] as { event_data: unknown }).event_data).toBe(data)
    expect((events[1] as { event_data: unknown }).event_data).toBe(null)
  })

  it('of meter-limit tells what was asked', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'chat', 90)
    await limitr.allow('user', 'chat', 30)
    expect(events[1]).toMatchObject({
      type: 'meter-limit',
      meter: { value: 90, limit: 100, diff: 30, invalid: true },
      invalid_value: 120,
      overage: 20
    })
  })

  it('of an observed limit has no remaining', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'watched', 3)
    expect((events[0] as { remaining: unknown }).remaining).toBe(null)
  })

  it('names the holder, and the caller where it is another', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'seats', 2)
    expect(events[0]).toMatchObject({ customer: { id: 'org', type: 'org' }, caller: 'user' })
  })

  it('has the ID of a customer that was asked for by an alternative ID', async () => {
    const events = heard(limitr)
    await limitr.allow('alias', 'chat', 2)
    expect(events[0]).toMatchObject({ customer: { id: 'user' }, caller: 'user' })
  })

  it('is the same whether the value is a number or text', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'chat', 4, { n: 1 })
    await limitr.allow('user', 'chat', -4)
    await limitr.allow('user', 'chat', '4', { n: 1 })
    await limitr.decide('user', 'chat', -4)
    await limitr.decide('user', 'chat', 4, { event: { n: 1 } })
    const [first, , second, , third] = events.map((event) => JSON.parse(JSON.stringify(event)))
    expect(second).toEqual(first)
    expect(third).toEqual(first)
  })
})

describe('the customer of a payload', () => {
  it('is read when something beside its ID is touched', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'chat', 1)
    await limitr.allow('user', 'chat', 1)
    const [first] = events as { customer: { id: string; label: string } }[]
    expect(first.customer.id).toBe('user')
    expect(first.customer.label).toBe('User')
  })

  it('looks like a record to whatever looks at it', async () => {
    const record = await limitr.customer('user')
    const fresh = () => {
      limitr.sync.allow('user', 'export', 0)
      limitr.sync.allow('user', 'chat', 1)
      limitr.sync.allow('user', 'chat', -1)
      return (events.at(-1) as { customer: object }).customer
    }
    const events = heard(limitr)
    const now = () => limitr.sync.customer('user')
    expect({ ...fresh() }).toEqual(now())
    expect(JSON.parse(JSON.stringify(fresh()))).toEqual(now())
    expect(Object.keys(fresh()).sort()).toEqual(Object.keys(record ?? {}).sort())
    expect('plan' in fresh()).toBe(true)
    expect(fresh()).toEqual(now())
    expect(Object.getPrototypeOf(fresh())).toBe(Object.prototype)
  })

  it('has only its ID once it is removed', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'chat', 1)
    await limitr.removeCustomer('user')
    expect({ ...(events[0] as { customer: object }).customer }).toEqual({ id: 'user' })
  })

  it('can be touched after the engine is closed', async () => {
    const other = await opened()
    const events = heard(other)
    await other.allow('user', 'chat', 1)
    await other.close()
    expect((events[0] as { customer: { id: string } }).customer.id).toBe('user')
    expect({ ...(events[0] as { customer: object }).customer }).toEqual({ id: 'user' })
  })
})

describe('while nobody listens', () => {
  it('nothing is built, not even later', async () => {
    await limitr.allow('user', 'chat', 1)
    await limitr.createCustomer('silent')
    const events = heard(limitr)
    expect(events).toEqual([])
    await limitr.check('user', 'chat', 1)
    expect(events).toEqual([])
  })

  it('after the last handler went, nothing is built again', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'chat', 1)
    limitr.removeHandler('collector')
    await limitr.allow('user', 'chat', 1)
    const later = heard(limitr, 'later')
    await limitr.allow('user', 'chat', 1)
    expect(events).toHaveLength(1)
    expect(later).toHaveLength(1)
  })

  it('reads and event = false send none either', async () => {
    const events = heard(limitr)
    await limitr.allow('user', 'chat', 1, false)
    await limitr.increment('user', 'chat', false)
    await limitr.set('user', 'chat', 5, false)
    await limitr.allow('user', 'chat', '1', false)
    await limitr.decide('user', 'chat', 1, { event: false })
    await limitr.allowAll('user', [{ entitlement: 'chat', value: 1 }], { event: false })
    await limitr.check('user', 'chat', 1000)
    await limitr.explain('user', 'chat', 1)
    await limitr.value('user', 'chat')
    expect(events).toEqual([])
  })
})

describe('on', () => {
  it('hears one type and no other', async () => {
    const denied: number[] = []
    limitr.on('meter-limit', (event) => denied.push(event.meter.diff))
    await limitr.allow('user', 'chat', 1)
    await limitr.allow('user', 'chat', 500)
    expect(denied).toEqual([500])
  })

  it('returns what stops it, once', async () => {
    const handler = vi.fn()
    const stop = limitr.on('meter-changed', handler)
    await limitr.allow('user', 'chat', 1)
    expect(stop()).toBe(true)
    expect(stop()).toBe(false)
    await limitr.allow('user', 'chat', 1)
    expect(handler).toHaveBeenCalledOnce()
  })

  it('takes the same handler twice, and stops each by itself', async () => {
    const handler = vi.fn()
    const stop = limitr.on('meter-changed', handler)
    limitr.on('meter-changed', handler)
    await limitr.allow('user', 'chat', 1)
    stop()
    await limitr.allow('user', 'chat', 1)
    expect(handler).toHaveBeenCalledTimes(3)
  })

  it("refuses a type that doesn't exist", async () => {
    expect(await codeOf(() => limitr.on('meter-chnaged' as never, () => {}))).toBe('invalid_argument')
    expect(() => limitr.on('meter-chnaged' as never, () => {})).toThrow('did you mean `meter-changed`?')
    expect(await codeOf(() => limitr.on('meter-changed', 5 as never))).toBe('invalid_argument')
    expect(await codeOf(() => limitr.addHandler(5 as never, () => {}))).toBe('invalid_argument')
    expect(await codeOf(() => limitr.addHandler('a', {} as never))).toBe('invalid_argument')
    expect(await codeOf(() => limitr.removeHandler(null as never))).toBe('invalid_argument')
  })
})

describe('removing', () => {
  it('says whether there was one', () => {
    limitr.addHandler('a', () => {})
    expect(limitr.removeHandler('a')).toBe(true)
    expect(limitr.removeHandler('a')).toBe(false)
  })

  it('all of them removes those of `on` as well', async () => {
    const handler = vi.fn()
    limitr.on('meter-changed', handler)
    limitr.addHandler('a', handler)
    limitr.clearHandlers()
    await limitr.allow('user', 'chat', 1)
    expect(handler).not.toHaveBeenCalled()
  })

  it('inside a handler keeps the event from those not yet called', async () => {
    const calls: string[] = []
    limitr.addHandler('first', () => {
      calls.push('first')
      limitr.removeHandler('second')
    })
    limitr.addHandler('second', () => calls.push('second'))
    await limitr.allow('user', 'chat', 1)
    expect(calls).toEqual(['first'])
  })
})

describe('a handler that fails', () => {
  it('by throwing breaks neither the call nor another handler', async () => {
    const failures: HandlerErrorEvent[] = []
    const error = new Error('oops')
    limitr.addHandler('broken', (type) => {
      if (type !== 'handler-error') throw error
    })
    limitr.on('handler-error', (event) => failures.push(event))
    const events = heard(limitr)
    expect(await limitr.allow('user', 'chat', 1)).toBe(true)
    expect(types(events)).toEqual(['meter-changed', 'handler-error'])
    expect(failures).toEqual([
      { type: 'handler-error', handler: 'broken', event_type: 'meter-changed', error }
    ])
  })

  it('by rejecting is reported likewise', async () => {
    const events = heard(limitr)
    limitr.on('meter-changed', async () => {
      await null
      throw new Error('later')
    })
    expect(await limitr.allow('user', 'chat', 1)).toBe(true)
    await vi.waitFor(() => expect(types(events)).toEqual(['meter-changed', 'handler-error']))
    expect(events[1]).toMatchObject({ handler: null, event_type: 'meter-changed' })
  })

  it('is not told of its own failure', async () => {
    const told: string[] = []
    limitr.addHandler('broken', (type) => {
      told.push(type)
      throw new Error('always')
    })
    heard(limitr)
    await limitr.allow('user', 'chat', 1)
    expect(told).toEqual(['meter-changed'])
  })

  it("on a failure's report is not reported again", async () => {
    let calls = 0
    for (const name of ['a', 'b', 'c']) {
      limitr.addHandler(name, () => {
        calls += 1
        throw new Error(name)
      })
    }
    await limitr.allow('user', 'chat', 1)
    expect(calls).toBe(3 + 3 * 2)
  })

  it('becomes a process warning where nobody else listens', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    limitr.addHandler('broken', () => {
      throw new Error('oops')
    })
    await limitr.allow('user', 'chat', 1)
    expect(warned).toHaveBeenCalledOnce()
    expect(String(warned.mock.calls[0]?.[0])).toContain('`broken` failed on `meter-changed`')
    warned.mockRestore()
  })
})

describe('a call inside a handler', () => {
  it('through `sync` runs at once; its events come after those being delivered', async () => {
    const seen: string[] = []
    limitr.addHandler('a', (type, event) => {
      seen.push(`a ${type === 'meter-changed' ? event.entitlement : type}`)
      if (type !== 'meter-changed' || event.entitlement !== 'chat') return
      limitr.sync.allow('user', 'soft', 1, { inner: true })
      seen.push(`soft is ${limitr.sync.value('user', 'soft')}`)
    })
    limitr.addHandler('b', (type, event) =>
      seen.push(`b ${type === 'meter-changed' ? event.entitlement : type}`)
    )
    const events = heard(limitr)
    await limitr.allow('user', 'chat', 1, { outer: true })
    expect(seen).toEqual(['a chat', 'soft is 1', 'b chat', 'a soft', 'b soft'])
    expect(events).toMatchObject([{ event_data: { outer: true } }, { event_data: { inner: true } }])
  })

  it('through a promise runs after the delivery', async () => {
    const seen: string[] = []
    let inner: Promise<boolean> | undefined
    limitr.on('meter-changed', (event) => {
      seen.push(event.entitlement)
      if (event.entitlement === 'chat') {
        inner = limitr.allow('user', 'soft', 1)
        seen.push(`soft is still ${limitr.sync.value('user', 'soft')}`)
      }
    })
    await limitr.allow('user', 'chat', 1)
    await inner
    expect(seen).toEqual(['chat', 'soft is still 0', 'soft'])
  })

  it('keeps its order with the others of the handler', async () => {
    const calls: Promise<unknown>[] = []
    const done: string[] = []
    limitr.on('meter-limit', () => {
      calls.push(limitr.increment('user', 'soft').then(() => done.push('increment')))
      calls.push(limitr.customer('user').then(() => done.push('customer')))
      calls.push(limitr.decrement('user', 'soft').then(() => done.push('decrement')))
    })
    await limitr.allow('user', 'chat', 500)
    await Promise.all(calls)
    expect(done).toEqual(['increment', 'customer', 'decrement'])
    expect(await limitr.value('user', 'soft')).toBe(0)
  })

  it('may close the engine', async () => {
    const other = await opened()
    let closed: Promise<void> | undefined
    other.on('meter-changed', () => {
      closed = other.close()
    })
    expect(await other.allow('user', 'chat', 1)).toBe(true)
    await closed
    expect(await codeOf(() => other.allow('user', 'chat', 1))).toBe('closed')
  })
})

describe('customers and plans', () => {
  it('send their events with the record', async () => {
    const events = heard(limitr)
    await limitr.createCustomer('new', 'free')
    await limitr.setCustomerPlan('new', 'pro')
    await limitr.removeCustomer('new')
    expect(types(events)).toEqual([
      'customer-set',
      'customer-set',
      'customer-plan-changed',
      'customer-removed'
    ])
    expect(events[0]).toMatchObject({ customer: { id: 'new', plan: 'free' } })
    expect(events[2]).toMatchObject({ previous_plan: 'free', new_plan: 'pro', customer: { id: 'new' } })
    expect(events[3]).toMatchObject({ customer: { id: 'new' } })
  })

  it('send none when they are loaded, unless asked', async () => {
    const records = Object.values(await limitr.customers())
    const events = heard(limitr)
    await limitr.loadCustomers(records)
    expect(events).toEqual([])
    await limitr.loadCustomers(records, { event: true })
    expect(types(events)).toEqual(['customer-set', 'customer-set'])
  })
})

describe('several items as one', () => {
  it('send all events, or those of the failing item', async () => {
    const events = heard(limitr)
    const data = { batch: 1 }
    await limitr.allowAll(
      'user',
      [
        { entitlement: 'chat', value: 1 },
        { entitlement: 'soft', value: 1 }
      ],
      { event: data }
    )
    expect(types(events)).toEqual(['meter-changed', 'meter-changed'])
    expect(events.every((event) => (event as { event_data: unknown }).event_data === data)).toBe(true)
    events.length = 0
    await limitr.allowAll('user', [
      { entitlement: 'soft', value: 1 },
      { entitlement: 'chat', value: 1000 }
    ])
    expect(types(events)).toEqual(['meter-limit'])
  })
})
