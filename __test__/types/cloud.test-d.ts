import { Limitr, type LimitrCloudOptions } from 'limitr'
import { describe, expectTypeOf, it } from 'vitest'

const ticket = async () => 'limitr_ticket_…'

describe('what an engine of Limitr Cloud is opened with', () => {
  it('is a token or tickets, one of them', () => {
    expectTypeOf(Limitr.cloud).toBeCallableWith('limitr_test_…')
    expectTypeOf(Limitr.cloud).toBeCallableWith({ token: 'limitr_test_…', url: new URL('https://a.example') })
    expectTypeOf(Limitr.cloud).toBeCallableWith({ ticket, offline: { allow: 5 } })
    expectTypeOf<{ url: string }>().not.toExtend<LimitrCloudOptions>()
    expectTypeOf<{ token: string; ticket: () => string }>().not.toExtend<LimitrCloudOptions>()
    expectTypeOf<{ ticket: string }>().not.toExtend<LimitrCloudOptions>()
  })

  it('follows the policy that is published, or is pinned to a version by its number', () => {
    expectTypeOf<{ token: string; policy: 'active' }>().toExtend<LimitrCloudOptions>()
    expectTypeOf<{ token: string; policy: number }>().toExtend<LimitrCloudOptions>()
    expectTypeOf<{ token: string; policy: null }>().toExtend<LimitrCloudOptions>()
    expectTypeOf<{ token: string; policy: '3' }>().not.toExtend<LimitrCloudOptions>()
  })
})
