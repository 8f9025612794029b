// What is said in numbers alone crosses as numbers, all else as JSON. Both ways answer, move, tell and refuse alike.

import type { DecideOptions, Limitr, LimitrEvent, LimitrSync, Quantity } from 'limitr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf, heard, opened } from './support/open.js'

/** The same engine twice: one is asked in numbers, the other in text, which never crosses as numbers. */
interface Twin {
  limitr: Limitr
  sync: LimitrSync
  events: LimitrEvent[]
  said(value: number): Quantity
}

let twins: Twin[] = []

beforeEach(async () => {
  const ways = [(value: number) => value, (value: number) => String(value)]
  twins = await Promise.all(
    ways.map(async (said) => {
      const limitr = await opened()
      await limitr.addCustomerCap('user', 500, { cap_id: 'budget', overhead_cost: true })
      return { limitr, sync: limitr.sync, events: heard(limitr), said }
    })
  )
})

afterEach(async () => {
  for (const { limitr } of twins) await limitr.close()
})

/** What both answer, which is the same: so are what was told, and what they then hold. */
function both<T>(call: (twin: Twin) => T): T {
  const answers = twins.map((twin) => {
    const answer = outcome(() => call(twin))
    return {
      answer,
      events: twin.events.splice(0),
      state: ['user', 'org'].map((id) => twin.sync.customer(id))
    }
  })
  expect(answers[0]).toEqual(answers[1])
  const { answer } = answers[0]
  if ('error' in answer) throw answer.error
  return answer.value
}

function outcome<T>(call: () => T): { value: T } | { error: unknown } {
  try {
    return { value: call() }
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { error: Object.assign(new Error(message), { code }) }
  }
}

describe('room is reserved', () => {
  it('and answered with the ID of a hold', () => {
    expect(both(({ sync, said }) => sync.reserve('user', 'chat', { value: said(60) }))).toBe('hold_2')
    expect(both(({ sync, said }) => sync.reserve('user', 'chat', { value: said(40) }))).toBe('hold_3')
    expect(both(({ sync, said }) => sync.reserve('user', 'chat', { value: said(0.001) }))).toBe(null)
    expect(both(({ sync }) => sync.held('user', 'chat'))).toBe(100)
    expect(both(({ sync, said }) => sync.reserve('user', 'seats', { value: said(2) }))).toBe('hold_1')
    expect(both(({ sync }) => sync.held('org', 'seats'))).toBe(2)
  })

  it('of what a call is estimated to use, where no value is given', () => {
    both(({ sync, said }) => sync.settle('user', 'chat', null, said(8)))
    const [number, text] = twins.map(({ sync }) => [
      sync.reserve('user', 'chat', {}),
      sync.reserve('user', 'chat', { segment: '' }),
      sync.reserve('user', 'chat', { basis: 2, overhead: 3 }),
      sync.reserve('user', 'chat', { basis: 2, overhead: 3, segment: '' })
    ])
    expect(number).toEqual(text)
    both(({ sync }) => sync.held('user', 'chat'))
    for (const basis of [0, -1]) {
      const refused = () => both(({ sync, said }) => sync.reserve('user', 'chat', { value: said(1), basis }))
      expect(refused).toThrow(expect.objectContaining({ code: 'invalid_value' }))
    }
  })

  it('for as long as it says, in whatever words', () => {
    for (const ttl of [90_000, '90s', '1.5min', '90000', 1.5, '2min', '2min']) {
      const held = both(({ sync, said }) => sync.reserve('user', 'chat', { value: said(5), ttl }))
      expect(held).toMatch(/^hold_\d+$/)
    }
    expect(both(({ sync }) => sync.held('user', 'chat'))).toBe(35)
    both(({ limitr }) => limitr.sync.advance('90s'))
    expect(both(({ sync }) => sync.held('user', 'chat'))).toBe(10)
    for (const ttl of [0, -5, '500days', 'soon', '5MB', 1e300]) {
      const refused = () => both(({ sync, said }) => sync.reserve('user', 'chat', { value: said(1), ttl }))
      expect(refused, String(ttl)).toThrow(expect.objectContaining({ code: 'bad_duration' }))
    }
  })

  it('nowhere, where nothing is limited', () => {
    for (const [customer, entitlement] of [
      ['nobody', 'chat'],
      ['user', 'export'],
      ['user', 'unheard_of'],
      ['user', '\ud800'],
      ['x'.repeat(300), 'chat'],
      ['', '']
    ])
      expect(both(({ sync, said }) => sync.reserve(customer, entitlement, { value: said(1) }))).toBe(null)
    for (const value of [0, -3])
      expect(both(({ sync, said }) => sync.reserve('user', 'chat', { value: said(value) }))).toBe(null)
    const refused = () => both(({ sync, said }) => sync.reserve('user', 'chat', { value: said(1e25) }))
    expect(refused).toThrow(expect.objectContaining({ code: 'invalid_value' }))
  })
})

describe('a hold', () => {
  const reserved = (value: number, entitlement = 'soft') =>
    both(({ sync, said }) => sync.reserve('user', entitlement, { value: said(value), overhead: 2 })) as string

  it('is settled once, by whatever it is called, and what was used is recorded each time', () => {
    const hold = reserved(6)
    for (const id of [hold, hold, 'hold_99', 'hold_', 'nothing', '', 'hold_9007199254740993', null])
      expect(
        both(({ sync, said }) => sync.settle('user', 'soft', id, said(2))),
        String(id)
      ).toBe(true)
    expect(both(({ sync }) => sync.held('user', 'soft'))).toBe(0)
    expect(both(({ sync }) => sync.value('user', 'soft'))).toBe(16)
    expect(both(({ sync, said }) => sync.settle('user', 'export', null, said(2)))).toBe(false)
  })

  it('tells what it records, with the data of the call, or nothing', () => {
    const [hold, other] = [reserved(6), reserved(3)]
    const told: unknown[] = []
    twins[0].limitr.addHandler('told', (type, event) => {
      told.push([type, (event as { event_data?: unknown }).event_data])
    })
    both(({ sync, said }) => sync.settle('user', 'soft', hold, said(12), { call: 'a' }, 5))
    expect(told).toContainEqual(['meter-overage', { call: 'a' }])
    told.length = 0
    both(({ sync, said }) => sync.settle('user', 'soft', other, said(12), false))
    expect(told).toEqual([])
    expect(both(({ sync }) => sync.customerCap('user', 'budget')?.meter_value)).toBe(5)
  })

  it('teaches by the basis that it is settled with', () => {
    for (const basis of [1, 2, 3]) {
      const hold = reserved(4)
      both(({ sync, said }) => sync.settle('user', 'soft', hold, said(basis * 4), false, null, basis))
    }
    expect(both(({ sync }) => sync.estimate('user', 'soft', { basis: 10 }))).not.toBe(null)
  })

  it('is consumed in parts, asks for more, and is released', () => {
    const option = { ttl: '2min' }
    const holds = twins.map(({ sync, said }) => sync.hold('user', 'chat', { value: said(50), ...option }))
    const each = <T>(call: (hold: NonNullable<(typeof holds)[0]>, said: Twin['said']) => T) =>
      both((twin) => call(holds[twins.indexOf(twin)] as NonNullable<(typeof holds)[0]>, twin.said))
    expect(each((hold, said) => hold.consume(said(20), { overhead: 4, event: { part: 1 } }))).toBe(true)
    expect(each((hold, said) => hold.consume(said(5)))).toBe(true)
    expect(both(({ sync }) => [sync.held('user', 'chat'), sync.value('user', 'chat')])).toEqual([25, 25])
    expect(each((hold, said) => hold.extend(said(50)))).toBe(true)
    expect(each((hold, said) => hold.extend(said(0.1)))).toBe(false)
    expect(() => each((hold, said) => hold.extend(said(-1)))).toThrow(
      expect.objectContaining({ code: 'invalid_value' })
    )
    expect(() => each((hold, said) => hold.consume(said(-1)))).toThrow(
      expect.objectContaining({ code: 'invalid_value' })
    )
    expect(both(({ sync }) => sync.held('user', 'chat'))).toBe(75)
    expect(each((hold) => hold.release())).toBe(true)
    expect(both(({ sync }) => [sync.held('user', 'chat'), sync.value('user', 'chat')])).toEqual([0, 25])
  })

  it('of another entitlement, or none, is not released', () => {
    const hold = reserved(6)
    expect(both(({ sync }) => sync.release('user', 'chat', hold))).toBe(false)
    for (const id of ['hold_99', `${hold}0`, ` ${hold}`, 'hold_1.0', 'hold_1e0', ''])
      expect(
        both(({ sync }) => sync.release('user', 'soft', id)),
        id
      ).toBe(false)
    expect(both(({ sync }) => sync.release('user', 'soft', hold))).toBe(true)
    expect(both(({ sync }) => sync.release('user', 'soft', hold))).toBe(false)
  })
})

describe('a meter', () => {
  it('is set, told and priced', () => {
    const told: unknown[] = []
    twins[0].limitr.addHandler('told', (type, event) => {
      told.push([type, (event as { event_data?: unknown }).event_data])
    })
    for (const value of [12, 12, 3, 0.5, 15])
      expect(both(({ sync, said }) => sync.set('user', 'soft', said(value), { call: value }, 2))).toBe(true)
    expect(told).toContainEqual(['meter-overage', { call: 15 }])
    expect(both(({ sync }) => sync.value('user', 'soft'))).toBe(15)
    expect(both(({ sync }) => sync.customerCap('user', 'budget')?.meter_value)).toBe(6)
    told.length = 0
    both(({ sync, said }) => sync.set('user', 'soft', said(11), false))
    expect(told).toEqual([])
  })

  it('is not set past a hard limit, or for nobody', () => {
    for (const [customer, entitlement, value] of [
      ['user', 'chat', 101],
      ['user', 'unheard_of', 1],
      ['nobody', 'chat', 1]
    ] as const)
      expect(both(({ sync, said }) => sync.set(customer, entitlement, said(value)))).toBe(false)
    expect(both(({ sync, said }) => sync.set('user', 'seats', said(2)))).toBe(true)
    expect(both(({ sync }) => sync.value('org', 'seats'))).toBe(2)
    expect(() => both(({ sync, said }) => sync.set('user', 'chat', said(1e25)))).toThrow(
      expect.objectContaining({ code: 'invalid_value' })
    )
  })
})

describe('a decision under an ID', () => {
  /** Caps of a call cross as JSON, also where there are none. */
  const decide = (id: string, entitlement = 'soft', value = 4, more: DecideOptions = {}) =>
    both(({ sync, said }) => {
      const options = typeof said(0) === 'number' ? { id, ...more } : { id, cap: {}, ...more }
      return sync.decide('user', entitlement, value, options)
    })

  it('is answered as before, and meters and tells once', () => {
    const told: string[] = []
    twins[0].limitr.addHandler('told', (type) => {
      told.push(type)
    })
    const first = decide('a', 'soft', 12, { event: { n: 1 }, overhead: 3 })
    expect(first).toMatchObject({ allowed: true, entitlement: 'soft', used: 12, overage: 2 })
    expect(told).toContain('meter-overage')
    told.length = 0
    expect(decide('a', 'soft', 12, { overhead: 3 })).toEqual(first)
    expect(told).toEqual([])
    expect(both(({ sync }) => sync.value('user', 'soft'))).toBe(12)
    expect(() => decide('a', 'soft', 13)).toThrow(expect.objectContaining({ code: 'idempotency_conflict' }))
    expect(decide('b', 'soft', 12).used).toBe(24)
  })

  it('is known by any name that an ID can have', () => {
    const ids = ['zoë 🦀', 'x'.repeat(256), '\0', 'é'.repeat(128), '€'.repeat(85)]
    for (const id of ids) expect(decide(id, 'chat', 1).allowed).toBe(true)
    for (const id of ids) expect(decide(id, 'chat', 1).allowed).toBe(true)
    expect(both(({ sync }) => sync.value('user', 'chat'))).toBe(ids.length)
    for (const id of ['', 'x'.repeat(257), 'é'.repeat(129), '€'.repeat(256), 'x'.repeat(9_000), '\ud800'])
      expect(() => decide(id, 'chat', 1)).toThrow(expect.objectContaining({ code: 'invalid_name' }))
  })

  it('may be tried again where it was denied', () => {
    expect(decide('a', 'chat', 101)).toMatchObject({ allowed: false, reason: 'over_limit' })
    expect(decide('a', 'chat', 100).allowed).toBe(true)
    expect(decide('b', 'unheard_of', 1).allowed).toBe(false)
    expect(both(({ sync }) => sync.explain('user', 'chat', 100, { id: 'a' })).allowed).toBe(true)
    expect(decide('c', 'chat', 5, { force: true }).allowed).toBe(true)
  })
})

it('many names take turns at their numbers, and each call is about the names it says', async () => {
  const limitr = await opened()
  const { sync } = limitr
  for (let at = 0; at < 4_200; at++) expect(sync.reserve('user', `no_such_${at}`, { value: 1 })).toBe(null)
  const hold = sync.reserve('user', 'chat', { value: 7 })
  for (let at = 0; at < 4_200; at++) sync.release('user', `no_such_${at}`, String(hold))
  expect(sync.held('user', 'chat')).toBe(7)
  expect(sync.settle('user', 'chat', hold, 3)).toBe(true)
  expect(sync.value('user', 'chat')).toBe(3)
  expect(await codeOf(() => sync.settle('user', 'chat', hold, Number.NaN))).toBe('invalid_value')
  await limitr.close()
})
