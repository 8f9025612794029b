// What a strict engine has answered is on disk: a copy of its store, taken the moment the answer came, has it.

import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { hard, open, place, plan } from './support.js'

const DOCUMENT = plan({ chat: hard(1e9) })

/** What an engine would have that is opened after a power cut now. */
async function afterCut<T>(store: string, look: (limitr: Limitr) => Promise<T>): Promise<T> {
  const copy = place()
  cpSync(store, copy, { recursive: true })
  rmSync(join(copy, 'lock'), { force: true })
  const limitr = await open(DOCUMENT, { store: copy })
  try {
    return await look(limitr)
  } finally {
    await limitr.close()
  }
}

const used = (limitr: Limitr) => limitr.value('user', 'chat')
const held = (limitr: Limitr) => limitr.held('user', 'chat')

describe('a strict engine', () => {
  it('answers once it is on disk, in whatever way it is called', async () => {
    const store = place()
    const limitr = await open(DOCUMENT, { store, durability: 'strict' })
    await limitr.createCustomer('user')
    const calls: [() => unknown, number | null, number | null][] = [
      [() => limitr.allow('user', 'chat', 1), 1, 0],
      [() => limitr.sync.allow('user', 'chat', 1), 2, 0],
      [() => limitr.decide('user', 'chat', 1, { id: 'a' }), 3, 0],
      [() => limitr.sync.decide('user', 'chat', 1), 4, 0],
      [() => limitr.increment('user', 'chat'), 5, 0],
      [() => limitr.sync.increment('user', 'chat'), 6, 0],
      [() => limitr.set('user', 'chat', 10), 10, 0],
      [() => limitr.reserve('user', 'chat', { value: 5 }), 10, 5],
      [() => limitr.sync.reserve('user', 'chat', { value: 5 }), 10, 10],
      [() => limitr.allowAll('user', [{ entitlement: 'chat', value: 2 }]), 12, 10]
    ]
    for (const [at, [call, meter, room]] of calls.entries()) {
      await call()
      const found = await afterCut(store, async (after) => [await used(after), await held(after)])
      expect(found, `call ${at}`).toEqual([meter, room])
    }
    await limitr.close()
  })

  it('keeps a hold as an object in every step, with and without promises', async () => {
    const store = place()
    const limitr = await open(DOCUMENT, { store, durability: 'strict' })
    await limitr.createCustomer('user')
    const state = () => afterCut(store, async (after) => [await used(after), await held(after)])
    const hold = (await limitr.hold('user', 'chat', { value: 10 }))!
    expect(await state()).toEqual([0, 10])
    await hold.consume(4)
    expect(await state()).toEqual([4, 6])
    await hold.extend(3)
    expect(await state()).toEqual([4, 9])
    await hold.settle(1)
    expect(await state()).toEqual([5, 0])
    const sync = limitr.sync.hold('user', 'chat', { value: 10 })!
    expect(await state()).toEqual([5, 10])
    sync.consume(4)
    expect(await state()).toEqual([9, 6])
    sync.release()
    expect(await state()).toEqual([9, 0])
    await limitr.close()
  })

  it('lets calls that were made together wait together', async () => {
    const store = place()
    const limitr = await open(DOCUMENT, { store, durability: 'strict' })
    await limitr.createCustomer('user')
    const answers = await Promise.all(Array.from({ length: 5_000 }, () => limitr.allow('user', 'chat', 1)))
    expect(answers.every(Boolean)).toBe(true)
    expect(await afterCut(store, used)).toBe(5_000)
    await limitr.close()
  })
})

it('a flush resolves once all that a relaxed engine did is on disk', async () => {
  const store = place()
  const limitr = await open(DOCUMENT, { store })
  await limitr.createCustomer('user')
  for (let round = 1; round <= 10; round++) {
    for (let call = 0; call < 100; call++) limitr.sync.allow('user', 'chat', 1)
    await limitr.flush()
    expect(await afterCut(store, used)).toBe(round * 100)
  }
  await limitr.close()
})
