import { Limitr, LimitrError } from 'limitr'
import { describe, expect, it } from 'vitest'
import { START } from './support/policies.js'

const STOF = `
#[type]
Monthly: {
  bool resets: true
  str reset_sch: 'monthly:1'
}
#[type]
Storage: {
  str credit: 'space'
  str mode: 'soft'
}

/** The policy. */
Limitr policy: {
  hold_ttl: 10min
  credits: {
    token: { unit: 'token', price: 0.5, overhead_cost: 0.125 }
    space: { stof_units: 'MB', price: 0.25 }
  }
  plans: {
    free: {
      default: true
      entitlements: {
        chat: { Monthly limit: { credit: 'token', value: 100 } }
        disk: { Storage limit: { value: 1.5GB, increment: 512KiB } }
        sso: {}
      }
    }
  }

  #[init]
  fn name() { self.plans.free.label = 'Free of charge'; }
}
`
const YAML = `
policy:
  hold_ttl: 10min
  credits:
    token: { unit: token, price: 0.5, overhead_cost: 0.125 }
    space: { stof_units: MB, price: 0.25 }
  plans:
    free:
      label: Free of charge
      default: true
      entitlements:
        chat: { limit: { credit: token, value: 100, resets: true, reset_sch: 'monthly:1' } }
        disk: { limit: { credit: space, mode: soft, value: 1.5GB, increment: 512KiB } }
        sso: {}
`
const TOML = `
[policy]
hold_ttl = "10min"
[policy.credits]
token = { unit = "token", price = 0.5, overhead_cost = 0.125 }
space = { stof_units = "MB", price = 0.25 }
[policy.plans.free]
label = "Free of charge"
default = true
[policy.plans.free.entitlements]
chat = { limit = { credit = "token", value = 100, resets = true, reset_sch = "monthly:1" } }
disk = { limit = { credit = "space", mode = "soft", value = "1.5GB", increment = "512KiB" } }
sso = {}
`

/** What an engine with the policy answers to a row of calls. */
async function answers(text: string, format: 'auto' | 'yaml' | 'json' | 'toml' | 'stof'): Promise<unknown[]> {
  const limitr = await Limitr.new(text, format, { strict: true, clock: START })
  await limitr.createCustomer('ann')
  const told: unknown[] = [await limitr.plan('ann'), await limitr.creditFor('ann', 'disk')]
  for (const [entitlement, value] of [
    ['chat', 60],
    ['chat', 41],
    ['chat', 40],
    ['disk', '1GB'],
    ['disk', '600MB'],
    ['disk', 0.5],
    ['sso', 0],
    ['none', 1]
  ] as const)
    told.push(await limitr.decide('ann', entitlement, value))
  told.push(await limitr.increment('ann', 'disk'), await limitr.value('ann', 'disk'))
  told.push(await limitr.reserve('ann', 'disk', { value: 1 }), await limitr.held('ann', 'disk'))
  await limitr.advance('11min')
  told.push(await limitr.held('ann', 'disk'))
  await limitr.advance('40days')
  told.push(await limitr.remaining('ann', 'chat'), await limitr.customerMarginSnapshot('ann'))
  await limitr.close()
  return told
}

async function refusal(text: string, format: 'auto' | 'stof' = 'stof'): Promise<LimitrError> {
  const error = await Limitr.new(text, format).catch((refused: unknown) => refused)
  expect(error).toBeInstanceOf(LimitrError)
  return error as LimitrError
}

describe('a policy in Stof', () => {
  it('answers as it does in YAML, JSON and TOML', async () => {
    const yaml = await Limitr.new(YAML, 'yaml')
    const expected = await answers(YAML, 'yaml')
    expect(expected).toContainEqual(expect.objectContaining({ allowed: false, reason: 'over_limit' }))
    expect(await answers(await yaml.policy('json'), 'json')).toEqual(expected)
    expect(await answers(TOML, 'toml')).toEqual(expected)
    expect(await answers(STOF, 'stof')).toEqual(expected)
    expect(await answers(STOF, 'auto')).toEqual(expected)
    expect(await yaml.difference(STOF)).toEqual([])
    await yaml.close()
  })

  it('is written again in every format without losing data', async () => {
    const limitr = await Limitr.new(STOF)
    for (const format of ['json', 'yaml', 'toml', 'stof'] as const) {
      const text = await limitr.policy(format)
      expect(await limitr.difference(text, format)).toEqual([])
    }
    await limitr.close()
    const odd = await Limitr.new({
      policy: {
        credits: {
          'a.b "c"\\': {
            label: 'é\n\t\'"`\\ {x}',
            price: 0.1,
            own: { list: [1, null, { x: [] }], 'not a name': true }
          }
        }
      }
    })
    expect(await odd.difference(await odd.policy('stof'), 'stof')).toEqual([])
    await odd.close()
  })

  it('has its problems where they are in the text', async () => {
    const text = `Limitr policy: {\n  credits: { t: {} }\n  plans: {\n    'é': { entitlements: { a: { limit: { credit: 'x', vale: 5MB } } } }\n  }\n}`
    const { diagnostics } = await refusal(text)
    const at = (code: string) => diagnostics?.find((problem) => problem.code === code)
    const column = (part: string) => (text.split('\n')[3]?.indexOf(part) ?? -1) + 1
    expect(at('unknown_credit')).toMatchObject({ line: 4, column: column("'x'") })
    expect(at('unknown_field')).toMatchObject({ line: 4, column: column('vale') })
  })

  it('that is no Stof is refused where it goes wrong', async () => {
    const error = await refusal('policy: {\n  credits: { t: }\n}')
    expect(error.code).toBe('invalid_policy')
    expect(error.diagnostics?.[0]).toMatchObject({ code: 'syntax', line: 2 })
    expect((await refusal('plans: {}')).diagnostics?.[0]?.code).toBe('missing_policy')
    expect((await refusal('fn a() {}\npolicy: { {', 'auto')).diagnostics?.[0]?.code).toBe('syntax')
  })

  it('is refused when one of its `#[init]` functions throws', async () => {
    const error = await refusal("policy: {}\n#[init]\nfn no() { throw('not today'); }")
    expect(error.message).toContain('not today')
    expect(error.diagnostics?.[0]).toMatchObject({ code: 'syntax', line: 3 })
  })

  it('can define the types that it could name without', async () => {
    const limitr = await Limitr.new(
      "#[type]\nCredit: { price: 3 }\npolicy: { credits: { Credit t: {} } plans: { p: { entitlements: { a: { limit: { credit: 't' } } } } } }",
      'stof'
    )
    expect(await limitr.credit('t')).toMatchObject({ price: 3 })
    await limitr.close()
  })

  it('replaces another, whole or not at all', async () => {
    const limitr = await Limitr.new(YAML)
    await limitr.updatePolicy('policy: { plans: { one: { default: true } } }', 'stof')
    expect(Object.keys((await limitr.policy()).policy.plans ?? {})).toEqual(['one'])
    await expect(limitr.updatePolicy('policy: {', 'stof')).rejects.toThrow(/syntax/)
    await limitr.setPlan('two', "label: 'Two' entitlements: { sso: {} }")
    expect(await limitr.plan('two')).toMatchObject({ label: 'Two' })
    await limitr.close()
  })
})
