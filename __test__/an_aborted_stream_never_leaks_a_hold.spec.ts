import { type Hold, Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'

const POLICY = {
  policy: {
    credits: { token: { price: 0.01 } },
    plans: {
      pro: {
        default: true,
        entitlements: { chat: { limit: { credit: 'token', mode: 'hard', value: 10_000 } } }
      }
    }
  }
} as const

/** Chunks of a reply, until somebody aborts it. */
async function* reply(chunks: number, signal: AbortSignal): AsyncGenerator<number> {
  for (let chunk = 1; chunk <= chunks; chunk++) {
    await Promise.resolve()
    signal.throwIfAborted()
    yield chunk
  }
}

/** What an app does: reserve, record as the reply comes, ask for more room, and release what is left, whatever happens. */
async function stream(limitr: Limitr, chunks: number, signal: AbortSignal): Promise<number> {
  const hold = await limitr.hold('user', 'chat', { value: 20 })
  if (hold === null) return 0
  let told = 0
  let reserved = 20
  try {
    for await (const tokens of reply(chunks, signal)) {
      while (told + tokens > reserved) {
        if (!(await hold.extend(20))) return told
        reserved += 20
      }
      await hold.consume(tokens)
      told += tokens
    }
    await hold.settle()
    return told
  } catch (error) {
    if (!signal.aborted) throw error
    return told
  } finally {
    await (hold as Hold)[Symbol.asyncDispose]()
  }
}

describe('a stream', () => {
  it('leaves no hold behind wherever it is aborted', async () => {
    const limitr = await Limitr.new(POLICY)
    await limitr.createCustomer('user')
    await limitr.addCustomerCap('user', 1_000, { cap_id: 'spend' })
    let used = 0
    for (let abortAt = 0; abortAt <= 12; abortAt++) {
      const controller = new AbortController()
      const running = stream(limitr, 10, controller.signal)
      for (let tick = 0; tick < abortAt * 3; tick++) await Promise.resolve()
      controller.abort()
      used += await running
      expect(await limitr.held('user', 'chat')).toBe(0)
      expect((await limitr.customerCap('user', 'spend'))?.held).toBe(0)
      expect(await limitr.value('user', 'chat')).toBe(used)
    }
    expect(used).toBeGreaterThan(55)
    await limitr.close()
  })

  it('keeps its room from others while it runs', async () => {
    const limitr = await Limitr.new(POLICY)
    await limitr.createCustomer('user')
    const hold = await limitr.hold('user', 'chat', { value: 9_000 })
    expect(await limitr.allow('user', 'chat', 1_001)).toBe(false)
    expect(await hold?.consume(500)).toBe(true)
    expect(await limitr.held('user', 'chat')).toBe(8_500)
    expect(await hold?.extend(1_000)).toBe(true)
    expect(await hold?.extend(1)).toBe(false)
    expect(await hold?.settle(100)).toBe(true)
    expect([await limitr.held('user', 'chat'), await limitr.value('user', 'chat')]).toEqual([0, 600])
    await expect(hold?.settle(1)).rejects.toMatchObject({ code: 'hold_ended' })
    await expect(hold?.consume(1)).rejects.toMatchObject({ code: 'hold_ended' })
    expect(await hold?.release()).toBe(false)
    await limitr.close()
  })

  it('that can not be held gives null, and a refused settlement leaves the hold', async () => {
    const limitr = await Limitr.new(POLICY)
    await limitr.createCustomer('user')
    expect(await limitr.hold('user', 'chat', { value: 10_001 })).toBe(null)
    const hold = limitr.sync.hold('user', 'chat', { value: 10 })
    expect(() => hold?.settle(Number.NaN)).toThrow(expect.objectContaining({ code: 'invalid_value' }))
    expect(() => hold?.settle('5kg')).toThrow(expect.objectContaining({ code: 'unit_mismatch' }))
    expect(limitr.sync.held('user', 'chat')).toBe(10)
    hold?.[Symbol.dispose]()
    expect(limitr.sync.held('user', 'chat')).toBe(0)
    await limitr.close()
  })
})
