import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf, heard, opened } from './support/open.js'
import { POLICY, START } from './support/policies.js'

const DAY = 86_400_000

describe('a virtual clock', () => {
  it('stands still until it is moved', async () => {
    const limitr = await opened()
    expect(await limitr.now()).toBe(START)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await limitr.now()).toBe(START)
    expect(await limitr.advance('1day')).toBe(START + DAY)
    expect(await limitr.advance(500)).toBe(START + DAY + 500)
    expect(await limitr.now()).toBe(START + DAY + 500)
    await limitr.close()
  })

  it('begins new periods', async () => {
    const limitr = await opened()
    const events = heard(limitr)
    expect(await limitr.allow('user', 'daily', 5)).toBe(true)
    expect(await limitr.allow('user', 'daily', 1)).toBe(false)
    expect(await limitr.resets('user', 'daily')).toBe(START + DAY)
    await limitr.advance('1day')
    expect(await limitr.value('user', 'daily')).toBe(0)
    expect(await limitr.allow('user', 'daily', 5)).toBe(true)
    const types = events.map(({ type }) => type)
    expect(types).toEqual(['meter-changed', 'meter-limit', 'meter-reset', 'meter-changed'])
    await limitr.close()
  })

  it('may start at 0', async () => {
    const limitr = await Limitr.new(POLICY, 'auto', { clock: 0 })
    expect(await limitr.now()).toBe(0)
    await limitr.close()
  })

  it('goes only forward', async () => {
    const limitr = await opened()
    for (const duration of [-1, '-1day', '1kg', 'soon', '']) {
      expect(await codeOf(() => limitr.advance(duration)), String(duration)).toMatch(
        /^(invalid_value|unknown_unit|unit_mismatch)$/
      )
    }
    expect(await limitr.now()).toBe(START)
    await limitr.close()
  })
})

describe("the host's clock", () => {
  it("is the time it is, and can't be moved", async () => {
    const limitr = await Limitr.new(POLICY)
    const now = await limitr.now()
    expect(Math.abs(now - Date.now())).toBeLessThan(1000)
    expect(await codeOf(() => limitr.advance('1day'))).toBe('not_supported')
    await limitr.close()
  })
})
