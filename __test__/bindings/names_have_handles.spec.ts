// Names cross as handles, of which there is a fixed count: past it the oldest makes room, or names cross as they are, and nobody
// is mistaken for another.

import { createRequire } from 'node:module'
import fc from 'fast-check'
import { Limitr } from 'limitr'
import { expect, it } from 'vitest'

const { FewHandles, Handles } = createRequire(import.meta.url)('../../js/handles.js')

it('a handle stands for the name that was told last', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.string({ maxLength: 2 })), (capacity, names) => {
      const told = new Map<number, string>()
      const handles = new Handles(capacity, (handle: number, name: string) => told.set(handle, name))
      for (const name of names) {
        const handle = handles.of(name)
        expect(handle).toBeLessThanOrEqual(capacity)
        expect(told.get(handle)).toBe(name)
      }
    })
  )
})

it('names stand for themselves once there are more than a few', () => {
  const told = new Map<number, string>()
  const handles = new FewHandles(2, (handle: number, name: string) => told.set(handle, name))
  const answers = ['a', 'b', 'a', 'b', 'c', 'a', 'c'].map((name) => handles.of(name))
  expect(answers).toEqual([1, 2, 1, 2, 'c', 'a', 'c'])
  expect([...told]).toEqual([
    [1, 'a'],
    [2, 'b']
  ])
})

it.each([Handles, FewHandles])('what can be no name is nobody', (Kind) => {
  const handles = new Kind(4, () => {
    throw new Error('told')
  })
  for (const name of ['x'.repeat(257), '\ud800', 'a\udfff']) expect(handles.of(name)).toBe(0)
})

it.each([
  'native',
  'wasm'
] as const)('%s: more customers than handles are told apart, also when they are removed and come back', async (backend) => {
  const policy = {
    credits: { t: {} },
    plans: { p: { default: true, entitlements: { a: { limit: { credit: 't', value: 1e6 } } } } }
  }
  const limitr = await Limitr.new({ policy }, undefined, { backend })
  const { sync } = limitr
  const count = 70_000
  const ids = Array.from({ length: count }, (_, index) => `customer_${index}`)
  for (const id of ids) sync.createCustomer(id)
  for (const [index, id] of ids.entries()) sync.allow(id, 'a', index)
  for (const [index, id] of ids.entries())
    if (sync.value(id, 'a') !== index) throw new Error(`${id} is another`)

  expect(sync.allow('customer_7', 'a', 1)).toBe(true)
  sync.removeCustomer('customer_7')
  expect(sync.allow('customer_7', 'a', 1)).toBe(false)
  sync.createCustomer('somebody') // in the place that became free
  sync.createCustomer('customer_7')
  expect([sync.value('customer_7', 'a'), sync.value('somebody', 'a')]).toEqual([0, 0])
  sync.allow('somebody', 'a', 5)
  expect([sync.value('customer_7', 'a'), sync.value('somebody', 'a')]).toEqual([0, 5])

  sync.addAltID('somebody', 'alias')
  expect(sync.value('alias', 'a')).toBe(5)
  sync.removeAltID('alias')
  expect(sync.value('alias', 'a')).toBe(null)
  sync.addAltID('customer_7', 'alias')
  expect(sync.value('alias', 'a')).toBe(0)
  await limitr.close()
}, 60_000)
