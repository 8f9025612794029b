import { Limitr, LimitrError } from 'limitr'
import { describe, expect, it } from 'vitest'
import { START } from './support/policies.js'

const FUNCTIONS = `
credits: {
  token: {
    fn overhead(units: float, context: obj) -> float {
      if (context.fail == true) throw('no rate');
      if (context.loop == true) { loop {} }
      if (context.word == true) return self.nothing();
      units * self.rates.get(context.model ?? 'small')
    }
    fn nothing() -> str { 'x' }
  }
}
notifications: {
  large: { fn matches(type: str, event: obj) -> bool { type == 'meter-changed' && event.meter.diff >= 20 } }
  low: { async fn fire(name: str, event: obj) { App.send(name, event.customer.id, event.remaining); } }
  now: { fn matches(type: str, event: obj) -> bool { type == 'meter-limit' } fn fire(name: str) { App.note(name); } }
}
capabilities: {
  add: { fn run(args: obj, customer: str) -> obj { new { sum: args.a + args.b, customer: customer, twice: App.twice(args.a) } } }
  bad: { fn run() { throw('broken'); } }
}
`
const policy = (functions: string = FUNCTIONS) => ({
  policy: {
    functions,
    credits: { token: { overhead_cost: 7, rates: { small: 0.5, large: 2 } }, plain: { overhead_cost: 3 } },
    plans: {
      free: {
        default: true,
        entitlements: {
          chat: { limit: { credit: 'token', value: 100, increment: 2 } },
          other: { limit: { credit: 'plain', value: 100 } }
        }
      },
      pro: {}
    },
    notifications: {
      large: {},
      low: { when: { event: 'meter-changed', crosses: '50%' } },
      now: {}
    },
    capabilities: {
      add: {
        description: 'Adds',
        parameters: [
          { name: 'a', schema_type: 'number', description: 'One' },
          { name: 'b', schema_type: 'number', required: false }
        ],
        plans: ['free']
      },
      bad: {}
    }
  }
})

async function opened(functions?: string) {
  const limitr = await Limitr.new(policy(functions) as object, 'auto', { strict: true, clock: START })
  await limitr.createCustomer('ann')
  await limitr.createCustomer('bob', 'pro')
  return limitr
}

describe('the function `overhead` of a credit', () => {
  it('gets the units and the data of the call', async () => {
    const limitr = await opened()
    const cost = async (event?: Record<string, unknown>) =>
      (await limitr.decide('ann', 'chat', 4, { event })).cost
    expect(await cost()).toBe(2)
    expect(await cost({ model: 'large' })).toBe(8)
    expect((await limitr.explain('ann', 'chat', '5', { event: { model: 'large' } })).cost).toBe(10)
    expect((await limitr.decide('ann', 'other', 2)).cost).toBe(6)
    expect((await limitr.decide('ann', 'chat', 4, { overhead: 1 })).cost).toBe(1)
    await limitr.close()
  })

  it('is asked by every way to meter, with its twin', async () => {
    const limitr = await opened()
    const spent = async (call: () => unknown) => {
      const before = (await limitr.customerMarginSnapshot('ann'))?.cost ?? 0
      await call()
      return ((await limitr.customerMarginSnapshot('ann'))?.cost ?? 0) - before
    }
    const large = { model: 'large' }
    expect(await spent(() => limitr.allow('ann', 'chat', 4, large))).toBe(8)
    expect(await spent(() => limitr.sync.allow('ann', 'chat', 4, large))).toBe(8)
    expect(await spent(() => limitr.check('ann', 'chat', 4, large))).toBe(0)
    expect(await spent(() => limitr.increment('ann', 'chat', large))).toBe(4)
    expect(await spent(() => limitr.sync.decrement('ann', 'chat', large))).toBe(-4)
    const hold = await limitr.reserve('ann', 'chat', { value: 4 })
    expect(await spent(() => limitr.settle('ann', 'chat', hold ?? '', 3, large))).toBe(6)
    await limitr.close()
  })

  it.each([
    ['throws', { fail: true }, /no rate/],
    ['never ends', { loop: true }, /stopped/],
    ['returns no number', { word: true }, /number|cast|match/]
  ])('that %s leaves `overhead_cost` in force', async (_, event, message) => {
    const limitr = await opened()
    const errors: { message?: string }[] = []
    limitr.on('policy-error', (error) => errors.push(error))
    expect((await limitr.decide('ann', 'chat', 4, { event })).cost).toBe(28)
    expect(errors).toMatchObject([{ code: 'policy_function_failed', function: 'credits.token.overhead' }])
    expect(errors[0]?.message).toMatch(message)
    expect((await limitr.decide('ann', 'chat', 4)).cost).toBe(2) // and the next call is right
    await limitr.close()
  })

  it('sees the policy as it is now', async () => {
    const limitr = await opened()
    const { policy: now } = policy()
    await limitr.updatePolicy({
      policy: { ...now, credits: { ...now.credits, token: { rates: { small: 10 } } } }
    })
    expect((await limitr.decide('ann', 'chat', 4)).cost).toBe(40)
    await limitr.updatePolicy({ policy: { ...now, functions: undefined, notifications: {} } })
    expect((await limitr.decide('ann', 'chat', 4)).cost).toBe(28)
    await limitr.updatePolicy(policy())
    expect((await limitr.sync.decide('ann', 'chat', 4)).cost).toBe(2)
    await limitr.close()
  })
})

describe('functions of notifications', () => {
  it('say when one is sent', async () => {
    const limitr = await opened()
    const told: unknown[] = []
    limitr.on('large', ({ type, cause, entitlement }: Record<string, unknown>) =>
      told.push([type, cause, entitlement])
    )
    await limitr.allow('ann', 'chat', 19)
    await limitr.allow('ann', 'chat', 20)
    expect(told).toEqual([['large', 'meter-changed', 'chat']])
    await limitr.close()
  })

  it('call the app: at once, or after the call and before `flush` ends', async () => {
    const limitr = await opened()
    const sent: unknown[] = []
    limitr.lib('App', 'send', async (...args) => {
      await null
      sent.push(args)
    })
    limitr.lib('App', 'note', (name) => void sent.push(name))
    const types: string[] = []
    limitr.addHandler('all', (type: string) => types.push(type))
    limitr.sync.allow('ann', 'chat', 60)
    expect(sent).toEqual([])
    await limitr.flush()
    expect(sent).toEqual([['low', 'ann', 40]])
    await limitr.allow('ann', 'chat', 60)
    expect(sent).toEqual([['low', 'ann', 40], 'now'])
    expect(types).toEqual(['meter-changed', 'large', 'meter-limit']) // what fires is no event
    await limitr.close()
  })

  it('come as Stof text', async () => {
    const limitr = await Limitr.new({
      policy: { ...policy().policy, functions: undefined, notifications: {} }
    } as object)
    await limitr.createCustomer('ann')
    await limitr.setNotifications("any: { fn matches(type: str) -> bool { type == 'meter-changed' } }")
    const told: string[] = []
    limitr.on('any' as never, ({ type }: { type: string }) => told.push(type))
    await limitr.allow('ann', 'chat', 1)
    expect(told).toEqual(['any'])
    await limitr.close()
  })
})

describe('capabilities', () => {
  it('are run for customers who may', async () => {
    const limitr = await opened()
    limitr.lib('App', 'twice', (n) => n * 2)
    expect(await limitr.capability('add')).toMatchObject({ id: 'add', name: 'add', plans: ['free'] })
    expect(await limitr.capability('none')).toBe(null)
    expect(await limitr.runCapability('add', 'ann', { a: 2, b: 3 })).toEqual({
      sum: 5,
      customer: 'ann',
      twice: 4
    })
    const code = (run: Promise<unknown>) => run.catch((error: LimitrError) => error.code)
    expect(await code(limitr.runCapability('add', 'bob', { a: 2, b: 3 }))).toBe('not_allowed')
    expect(await code(limitr.runCapability('add', 'ann', { b: 3 }))).toBe('invalid_argument')
    expect(await code(limitr.runCapability('none', 'ann'))).toBe('unknown_capability')
    expect(await code(limitr.runCapability('bad', 'ann'))).toBe('policy_function_failed')
    await limitr.close()
  })

  it('are tools of an AI', async () => {
    const limitr = await opened()
    limitr.lib('App', 'twice', (n) => n * 2)
    expect((await limitr.claudeTools('bob')).map(({ name }) => name)).toEqual(['bad'])
    expect((await limitr.claudeTools('ann'))[0]).toEqual({
      name: 'add',
      description: 'Adds',
      input_schema: {
        type: 'object',
        properties: { a: { type: 'number', description: 'One' }, b: { type: 'number', description: '' } },
        required: ['a']
      }
    })
    const use = (name: string, input: object) =>
      limitr.claudeToolUse('ann', { type: 'tool_use', id: 't1', name, input })
    expect(await use('add', { a: 1, b: 1 })).toEqual({
      type: 'tool_result',
      tool_use_id: 't1',
      content: '{"sum":2,"customer":"ann","twice":2}'
    })
    expect(await use('bad', {})).toMatchObject({ is_error: true })
    await limitr.close()
  })

  it('are replaced, with functions in Stof text', async () => {
    const limitr = await opened()
    await limitr.setCapabilities(
      "hi: { description: 'Greets', fn run(args: obj, customer: str) -> str { 'hi ' + customer } }"
    )
    expect(await limitr.runCapability('hi', 'bob')).toBe('hi bob')
    expect(await limitr.capability('add')).toBe(null)
    expect((await limitr.decide('ann', 'chat', 4)).cost).toBe(2)
    await limitr.close()
  })
})

describe('bad input', () => {
  it('is refused by each of these methods', async () => {
    const limitr = await opened()
    const codeOf = (run: () => unknown) =>
      Promise.resolve()
        .then(run)
        .then(
          () => null,
          (error: LimitrError) => error.code
        )
    expect(await codeOf(() => limitr.lib('App', 'x', 5 as never))).toBe('invalid_argument')
    expect(await codeOf(() => limitr.lib('', 'x', () => 1))).toBe('invalid_name')
    expect(await codeOf(() => limitr.capability(5 as never))).toBe('invalid_argument')
    expect(await codeOf(() => limitr.setCapabilities(5 as never))).toBe('invalid_argument')
    expect(await codeOf(() => limitr.setCapabilities({ a: { nope: 1 } as never }))).toBe('invalid_policy')
    expect(await codeOf(() => limitr.setCapabilities('a: {'))).toBe('invalid_policy')
    expect(await codeOf(() => limitr.runCapability('add', 5 as never))).toBe('invalid_argument')
    expect(await codeOf(() => limitr.claudeTools(null as never))).toBe('invalid_argument')
    expect(await codeOf(() => limitr.claudeToolUse('ann', { id: 5 } as never))).toBe('invalid_argument')
    await limitr.close()
  })
})

describe('a policy with functions', () => {
  it('keeps them in every format', async () => {
    const limitr = await opened()
    for (const format of ['json', 'yaml', 'toml', 'stof'] as const) {
      const again = await Limitr.new(await limitr.policy(format), format, { clock: START })
      expect(await limitr.difference(again)).toEqual([])
      await again.createCustomer('ann')
      expect((await again.decide('ann', 'chat', 4, { event: { model: 'large' } })).cost).toBe(8)
      await again.close()
    }
    await limitr.close()
  })

  it('is refused with functions that are none', async () => {
    const error = await opened('credits: { fn').catch((refused: unknown) => refused)
    expect(error).toBeInstanceOf(LimitrError)
    expect((error as LimitrError).diagnostics?.[0]).toMatchObject({
      code: 'syntax',
      path: 'policy.functions'
    })
    const limitr = await opened()
    await expect(limitr.updatePolicy(policy('fn ('))).rejects.toThrow(/policy.functions/)
    expect((await limitr.decide('ann', 'chat', 4)).cost).toBe(2)
    await limitr.close()
  })
})
