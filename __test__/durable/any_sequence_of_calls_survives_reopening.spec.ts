// Whatever is called, an engine that is closed and opened again in between answers and remembers what one in memory does.

import fc from 'fast-check'
import type { Limitr } from 'limitr'
import { expect, it } from 'vitest'
import { answer, anyCall, EVERYTHING, memory, START, settle, told } from './policies.js'
import { open, place } from './support.js'

const RUNS = { numRuns: Number(process.env.FC_NUM_RUNS ?? 60) }

/** Several lives of an engine: the calls of each. */
const lives = fc.array(fc.array(anyCall, { maxLength: 25 }), { minLength: 2, maxLength: 4 })

async function both(
  sequence: [string, unknown[]][][],
  options: { durability: 'strict' | 'relaxed' }
): Promise<void> {
  const store = place()
  const plain = await open(EVERYTHING, { clock: START })
  await settle(plain)
  const heard = told(plain)
  const [holds, sameHolds]: [string[], string[]] = [[], []]
  for (const [life, calls] of sequence.entries()) {
    const document = life === 0 ? EVERYTHING : await plain.policy()
    const kept: Limitr = await open(document as object, { store, clock: await plain.now(), ...options })
    if (life === 0) await settle(kept)
    expect(await memory(kept)).toEqual(await memory(plain))
    const keptHeard = told(kept)
    heard.length = 0
    for (const call of calls) {
      expect(await answer(kept, call, sameHolds), call[0]).toEqual(await answer(plain, call, holds))
    }
    expect(keptHeard).toEqual(heard)
    expect(await memory(kept)).toEqual(await memory(plain))
    await kept.close()
  }
  const last = await open((await plain.policy()) as object, { store, clock: await plain.now() })
  expect(await memory(last)).toEqual(await memory(plain))
  await last.close()
  await plain.close()
}

for (const durability of ['relaxed', 'strict'] as const) {
  it(`${durability}, with as many openings as there may be`, async () => {
    await fc.assert(
      fc.asyncProperty(lives, (sequence) => both(sequence, { durability })),
      RUNS
    )
  })
}
