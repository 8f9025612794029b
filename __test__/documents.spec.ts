import { type Diagnostic, Limitr, LimitrError, type LimitrOptions } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from './support/open.js'
import { POLICY, START } from './support/policies.js'

const JSON_TEXT = JSON.stringify(POLICY)
const YAML_TEXT = `policy:
  credits:
    token: { unit: token }
  plans:
    free:
      default: true
      entitlements:
        chat:
          limit: { credit: token, mode: hard, value: 100 }
`
const TOML_TEXT = `[policy.credits.token]
unit = "token"
[policy.plans.free]
default = true
[policy.plans.free.entitlements.chat.limit]
credit = "token"
mode = "hard"
value = 100
`

/** Opens a document, meters up to its limit and closes it. */
async function limitOf(policy: unknown, format?: string): Promise<unknown> {
  const limitr = await Limitr.new(policy as object, format as 'auto')
  await limitr.createCustomer('u')
  const answers = [await limitr.allow('u', 'chat', 100), await limitr.allow('u', 'chat', 1)]
  await limitr.close()
  return answers
}

/** The error that a document is refused with. */
async function refusal(
  policy: unknown,
  format?: string,
  options?: boolean | LimitrOptions
): Promise<LimitrError> {
  const error = await Limitr.new(policy as object, format as 'auto', options).then(
    () => null,
    (cause: unknown) => cause
  )
  if (!(error instanceof LimitrError)) throw new Error(`not refused: ${String(error)}`)
  return error
}

const codes = (error: LimitrError) => (error.diagnostics ?? []).map(({ code }) => code).sort()

describe('a document is read', () => {
  it.each([
    ['an object', POLICY, undefined],
    ['an object', POLICY, 'json'],
    ['an object without a prototype', Object.assign(Object.create(null), POLICY), 'auto'],
    ['JSON text', JSON_TEXT, undefined],
    ['JSON text', JSON_TEXT, 'json'],
    ['YAML text', YAML_TEXT, undefined],
    ['YAML text', YAML_TEXT, 'yaml'],
    ['JSON text as YAML', JSON_TEXT, 'yaml'],
    ['TOML text', TOML_TEXT, undefined],
    ['TOML text', TOML_TEXT, 'toml'],
    ['bytes', new TextEncoder().encode(YAML_TEXT), undefined],
    ['a Buffer', Buffer.from(JSON_TEXT), 'json'],
    ['text after a byte order mark', `\ufeff${JSON_TEXT}`, undefined],
    ['bytes after a byte order mark', Buffer.from(`\ufeff${YAML_TEXT}`), undefined]
  ])('from %s', async (_, policy, format) => {
    expect(await limitOf(policy, format)).toEqual([true, false])
  })

  it("with null for a format and options that aren't given", async () => {
    const limitr = await Limitr.new(POLICY, null, null)
    expect(limitr.backend).toBe(process.env.LIMITR_BACKEND)
    await limitr.close()
  })

  it('from an object with readers, dates and big numbers', async () => {
    const document = {
      get policy() {
        return {
          credits: { token: { made: new Date(0), big: 12n } },
          plans: {
            free: { default: true, entitlements: { chat: { limit: { credit: 'token', value: 100n } } } }
          }
        }
      }
    }
    expect(await limitOf(document)).toEqual([true, false])
  })

  it('and not looked at again: later changes of the object change nothing', async () => {
    const document = structuredClone(POLICY) as { policy: { plans: { free: object } } }
    const limitr: Limitr = await Limitr.new(document as object)
    document.policy.plans.free = {}
    await limitr.createCustomer('u')
    expect(await limitr.allow('u', 'chat', 1)).toBe(true)
    await limitr.close()
  })
})

describe('a document with problems', () => {
  it('is refused with every one of them', async () => {
    const error = await refusal({
      policy: {
        credits: { t: {} },
        plans: {
          p: {
            entitlements: { a: { limit: { credit: 'x' } }, b: { limit: { credit: 't', mode: 'strict' } } }
          }
        }
      }
    })
    expect(error.code).toBe('invalid_policy')
    expect(codes(error)).toEqual(expect.arrayContaining(['unknown_credit', 'unknown_mode']))
    for (const { line, column } of error.diagnostics ?? []) expect([line, column]).toEqual([null, null])
    expect(error.message).not.toMatch(/\d+:\d+/)
  })

  it('tells line and column of each in text', async () => {
    const lines = YAML_TEXT.split('\n')
    const at = lines.findIndex((line) => line.includes('limit:'))
    lines[at] = lines[at].replace('credit: token', 'credit: tokn').replace('mode: hard', 'mode: hrad')
    const { diagnostics = [] } = await refusal(lines.join('\n'), 'yaml')
    const found = (code: string) => diagnostics.find((one) => one.code === code) as Diagnostic
    expect(found('unknown_credit')).toMatchObject({ line: at + 1, column: lines[at].indexOf('tokn') + 1 })
    expect(found('unknown_credit').path).toBe('policy.plans.free.entitlements.chat.limit.credit')
    expect(`${found('unknown_credit').message} ${found('unknown_credit').help}`).toContain('`token`')
    expect(found('unknown_mode')).toMatchObject({ line: at + 1, column: lines[at].indexOf('hrad') + 1 })
  })

  it('counts columns in UTF-16 units, as editors do', async () => {
    const text =
      '{"policy":{"credits":{"👍é":{}},"plans":{"p":{"entitlements":{"a":{"limit":{"credit":"nope"}}}}}}}'
    const { diagnostics = [] } = await refusal(text, 'json')
    const problem = diagnostics.find(({ code }) => code === 'unknown_credit')
    expect(problem).toMatchObject({ line: 1, column: text.indexOf('"nope"') + 1 })
  })

  it.each([
    ['broken text', '{"policy": '],
    ['text of no format', '\u0000\u0001'],
    ['empty text', ''],
    ['no bytes', new Uint8Array()],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0xff, 0xfe])],
    ['half a character', '{"policy": "\ud800"}'],
    ['no policy', { plans: {} }],
    ['an empty object', {}],
    ['a policy that is a list', { policy: [] }]
  ])('is refused for %s', async (_, policy) => {
    const error = await refusal(policy)
    expect(error.code).toBe('invalid_policy')
    expect(error.diagnostics?.length).toBeGreaterThan(0)
  })

  it('opens without validation where an engine can run it, and says so', async () => {
    const document = { policy: { credits: { t: { price: -1 } }, plans: {} } }
    expect(codes(await refusal(document))).toContain('negative_price')
    const limitr = await Limitr.new(document as object, 'auto', false)
    expect(await limitr.valid()).toBe(false)
    await limitr.close()
  })

  it('that only deserves remarks opens, with them', async () => {
    const limit = { credit: 't', vlaue: 5 }
    const document = {
      policy: { credits: { t: {} }, plans: { p: { default: true, entitlements: { a: { limit } } } } }
    }
    const limitr = await Limitr.new(document as object)
    expect(await limitr.valid()).toBe(true)
    expect(limitr.diagnostics).toMatchObject([{ code: 'unknown_field', severity: 'warning' }])
    expect(Object.isFrozen(limitr.diagnostics)).toBe(true)
    await limitr.close()
    const error = await refusal(document, 'auto', { strict: true })
    expect(codes(error)).toContain('unknown_field')
  })
})

describe("an object that JSON can't hold", () => {
  const withValue = (value: unknown, more: object = {}) => ({
    policy: {
      credits: { t: {} },
      plans: { p: { entitlements: { a: { limit: { credit: 't', value } } } } },
      ...more
    }
  })

  it.each([
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY
  ])('is refused for %d, with its path', async (value) => {
    const error = await refusal(withValue(value))
    expect(error.code).toBe('invalid_policy')
    expect(error.diagnostics).toMatchObject([
      { code: 'bad_quantity', path: 'policy.plans.p.entitlements.a.limit.value', line: null, column: null }
    ])
  })

  it('is refused together with what else is wrong', async () => {
    const document = withValue(Number.NaN)
    document.policy.plans.p.entitlements.a.limit.credit = 'nope'
    expect(codes(await refusal(document))).toEqual(expect.arrayContaining(['bad_quantity', 'unknown_credit']))
  })

  it('is refused also where the number is in a field that takes anything', async () => {
    expect(codes(await refusal(withValue(5, { credits: { t: { own: [Number.NaN] } } })))).toContain(
      'bad_quantity'
    )
  })

  it('is refused with a function of JavaScript in it', async () => {
    const error = await refusal(withValue(5, { notifications: { n: { fire() {} } } }))
    expect(codes(error)).toContain('wrong_type')
    expect(error.message).toContain('policy.notifications.n.fire')
  })

  it.each([
    ['a Map', new Map([['t', {}]])],
    ['a Set', new Set([1])],
    ['a symbol', Symbol('t')],
    ['bytes', new Uint8Array(3)],
    ['half a character', 'x\ud800'],
    ['half a character in a key', { '\ud800': 1 }]
  ])('is refused for %s', async (_, odd) => {
    expect((await refusal(withValue(5, { credits: { t: { odd } } }))).code).toBe('invalid_policy')
  })

  it("is misuse where it refers to itself, or can't be read", async () => {
    const circular: Record<string, unknown> = { policy: { plans: {} } }
    ;(circular.policy as Record<string, unknown>).again = circular
    expect((await refusal(circular)).code).toBe('invalid_argument')
    const throwing = {
      get policy() {
        throw new Error('not today')
      }
    }
    const error = await refusal(throwing)
    expect(error.code).toBe('invalid_argument')
    expect(error.cause).toMatchObject({ message: 'not today' })
  })

  it('may use the same object twice', async () => {
    const limit = { credit: 't', value: 3 }
    const entitlements = { a: { limit }, b: { limit } }
    const limitr: Limitr = await Limitr.new({
      policy: { credits: { t: {} }, plans: { p: { default: true, entitlements } } }
    })
    await limitr.createCustomer('u')
    expect(await limitr.limit('u', 'b')).toBe(3)
    await limitr.close()
  })
})

describe('a document without end', () => {
  const nested = (depth: number, text: string, close: string) => text.repeat(depth) + close.repeat(depth)

  it.each([
    [
      'an object nested deep',
      () => Array.from({ length: 100_000 }).reduce((inner) => ({ inner }), {}) as object
    ],
    ['JSON nested deep', () => `{"policy":${nested(100_000, '[', ']')}}`],
    ['YAML nested deep', () => `policy: ${nested(100_000, '[', ']')}`],
    ['text of more than 4 MiB', () => `{"policy":{"label":"${'x'.repeat(5 * 1024 * 1024)}"}}`],
    [
      'a list of more than 4 MiB',
      () => ({ policy: { plans: {}, more: Array.from({ length: 1_000_000 }, () => 'xxxx') } })
    ],
    [
      'aliases that explode',
      () =>
        `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'.replace(/./g, (c, i) => {
          const last = 'abcdefghij'[i]
          return `${c}: &${c} [${Array(9).fill(`*${last}`).join(',')}]\n`
        })}policy: *j\n`
    ]
  ])(
    'is refused: %s',
    async (_, make) => {
      const error = await refusal(make())
      expect(['invalid_policy', 'too_large']).toContain(error.code)
    },
    20_000
  )
})

describe('an option', () => {
  it.each([
    ['stirct', { stirct: true }, 'invalid_argument', 'did you mean `strict`?'],
    ['store', { store: 5 }, 'invalid_argument', '`options.store`'],
    ['store', { store: '' }, 'invalid_value', '`options.store`'],
    ['store', { store: { load: async () => null } }, 'invalid_argument', '`append`'],
    ['shared', { shared: 5 }, 'invalid_argument', '`options.shared`'],
    ['durability', { durability: 'strict' }, 'invalid_argument', '`store`'],
    ['retention', { retention: '1day' }, 'invalid_argument', '`store`'],
    ['retention', { store: 'file', retention: '1parsec' }, 'invalid_value', '`1parsec`'],
    ['retentionSize', { store: 'file', retentionSize: -1 }, 'invalid_value', '`-1`'],
    ['durability', { durability: 'srtict' }, 'invalid_argument', '`strict`'],
    ['backend', { backend: 'wsam' }, 'invalid_argument', '`wasm`'],
    ['clock', { clock: '2030-01-01' }, 'invalid_argument', 'options.clock'],
    ['clock', { clock: new Date(0) }, 'invalid_argument', 'options.clock'],
    ['clock', { clock: Number.NaN }, 'invalid_value', 'options.clock'],
    ['clock', { clock: 1.5 }, 'invalid_value', 'options.clock'],
    ['clock', { clock: 1e300 }, 'invalid_value', 'options.clock'],
    ['validate', { validate: 'yes' }, 'invalid_argument', 'options.validate'],
    ['strict', { strict: 1 }, 'invalid_argument', 'options.strict'],
    ['all of them', 'strict', 'invalid_argument', '`options`'],
    ['all of them', [], 'invalid_argument', '`options`']
  ])('is refused where it is wrong: %s, %o', async (_, options, code, says) => {
    const error = await refusal(POLICY, 'auto', options as never)
    expect(error.code).toBe(code)
    expect(error.message).toContain(says)
  })

  it.each([
    undefined,
    null,
    true,
    {},
    { validate: true, strict: null, clock: undefined, store: null, backend: 'auto' },
    { backend: 'native' },
    { backend: 'wasm' },
    { durability: 'relaxed' }
  ])('is taken where it is right: %o', async (options) => {
    const limitr = await Limitr.new(POLICY, 'auto', options as LimitrOptions)
    expect(await limitr.valid()).toBe(true)
    await limitr.close()
  })

  it('of the format must be one that exists', async () => {
    expect((await refusal(YAML_TEXT, 'yml')).message).toContain('did you mean `yaml`?')
    expect((await refusal(POLICY, 'yaml')).code).toBe('invalid_argument')
    expect((await refusal(YAML_TEXT, 'stof')).code).toBe('invalid_policy')
  })
})

describe('the policy as text', () => {
  it.each(['json', 'yaml', 'toml'] as const)('as %s opens the same policy again', async (format) => {
    const limitr = await Limitr.new(POLICY, 'auto', { clock: START })
    const text = await limitr.policy(format)
    const again = await Limitr.new(text, format, { clock: START })
    expect(await limitr.difference(again)).toEqual([])
    expect(await again.policy()).toEqual(await limitr.policy())
    expect(await limitr.policy()).toMatchObject({ policy: { plans: { free: { label: 'Free' } } } })
    await limitr.close()
    await again.close()
  })
})

describe('opening', () => {
  it('is the only way to an engine', async () => {
    expect(await codeOf(() => new (Limitr as unknown as new () => unknown)())).toBe('invalid_argument')
  })
})
