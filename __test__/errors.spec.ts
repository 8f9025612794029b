import { LimitrError } from 'limitr'
import { describe, expect, it } from 'vitest'
import { opened } from './support/open.js'

describe('LimitrError', () => {
  it('is what misuse rejects with', async () => {
    const limitr = await opened()
    const error = await limitr.setCustomerPlan('user', 'gold' as never).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(LimitrError)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'LimitrError', code: 'unknown_plan' })
    expect((error as LimitrError).diagnostics).toBe(undefined)
    expect((error as Error).message).toContain('`gold`')
    expect(String(error)).toMatch(/^LimitrError: /)
    expect((error as Error).stack).toContain('errors.spec.ts')
    await limitr.close()
  })

  it('is told by its mark, whatever copy of the package made it', () => {
    const foreign = Object.assign(new Error('elsewhere'), { [Symbol.for('limitr.error')]: true })
    expect(foreign).toBeInstanceOf(LimitrError)
    for (const other of [new Error('plain'), null, undefined, 'text', {}, () => {}]) {
      expect((other as object) instanceof LimitrError).toBe(false)
    }
  })

  it('may be extended', () => {
    class Own extends LimitrError {}
    expect(new Own('closed', 'x')).toBeInstanceOf(Own)
    expect(new Own('closed', 'x')).toBeInstanceOf(LimitrError)
    expect(new LimitrError('closed', 'x')).not.toBeInstanceOf(Own)
    expect(new LimitrError('closed', 'x', { cause: 5 }).cause).toBe(5)
  })
})
