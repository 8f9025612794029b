// What can be said of a store when an engine is opened, and what is refused.

import type { LimitrOptions } from 'limitr'
import { Limitr } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { hard, open, place, plan } from './support.js'

const DOCUMENT = plan({ chat: hard(10) })
const adapter = { load: async () => null, append: async () => {} }

/** The code and the message that opening rejects with. */
async function refusal(options: object): Promise<[string, string]> {
  const error = await open(DOCUMENT, options as LimitrOptions).then(
    async (limitr) => {
      await limitr.close()
      throw new Error('it opened')
    },
    (caught) => caught
  )
  return [error.code, error.message]
}

describe('options are refused', () => {
  it('that say how a store is kept where there is none', async () => {
    expect(await refusal({ durability: 'strict' })).toEqual([
      'invalid_argument',
      '`options.durability` needs `store` beside it: `strict` says when something is on disk'
    ])
    for (const option of ['retention', 'retentionSize'])
      expect(await refusal({ [option]: 0 })).toEqual([
        'invalid_argument',
        expect.stringContaining(`\`options.${option}\` needs \`store\` beside it`)
      ])
    expect(await codeOf(() => Limitr.new(DOCUMENT, 'json', { durability: 'relaxed', retention: null }))).toBe(
      null
    )
  })

  it('that name no store', async () => {
    for (const store of [0, 1, true, [], {}, { load() {} }, { append() {} }, () => {}, Symbol('s'), 1n]) {
      const [code, message] = await refusal({ store })
      expect(code, String(store as string)).toBe('invalid_argument')
      expect(message).toContain('`options.store` must be a folder (text), or an adapter')
    }
    expect(await refusal({ store: '' })).toEqual(['invalid_value', expect.stringContaining("can't be empty")])
  })

  it('that are no durability', async () => {
    for (const durability of ['', 'Strict', 'none', 'sync']) {
      const [code, message] = await refusal({ store: place(), durability })
      expect(code).toBe('invalid_argument')
      expect(message).toContain('`strict`')
    }
    for (const durability of [1, true, {}])
      expect((await refusal({ store: place(), durability }))[0]).toBe('invalid_argument')
  })

  it('that are no span and no size', async () => {
    for (const bad of [
      '',
      'days',
      '5 fortnights',
      '-1day',
      '1.2.3days',
      '.',
      'toString',
      -1,
      Number.NaN,
      Infinity,
      '1e3days'
    ]) {
      for (const option of ['retention', 'retentionSize']) {
        const [code, message] = await refusal({ store: place(), [option]: bad })
        expect(code, `${option} ${bad}`).toBe('invalid_value')
        expect(message).toContain(`\`options.${option}\``)
      }
    }
    for (const bad of [true, {}, [5], Object.create(null), 1n])
      expect((await refusal({ store: place(), retention: bad }))[0]).toBe('invalid_argument')
    expect((await refusal({ store: place(), retention: '5MB' }))[0]).toBe('invalid_value')
    expect((await refusal({ store: place(), retentionSize: '5days' }))[0]).toBe('invalid_value')
  })

  it('that an adapter has no use for', async () => {
    for (const more of [{ retention: 5 }, { retentionSize: '1GB' }, { shared: 'name' }])
      expect((await refusal({ store: adapter, ...more }))[0]).toBe('not_supported')
  })

  it('that are no name to share', async () => {
    expect((await refusal({ shared: '' }))[0]).toBe('invalid_value')
    expect((await refusal({ shared: '\ud800' }))[0]).toMatch(/^invalid_/)
    for (const shared of [0, true, {}]) expect((await refusal({ shared }))[0]).toBe('invalid_argument')
  })

  it('that only the native binding knows, on wasm', async () => {
    for (const more of [{ store: place() }, { shared: 'name' }, { store: place(), shared: 'name' }]) {
      const [code, message] = await refusal({ backend: 'wasm', ...more })
      expect(code).toBe('not_supported')
      expect(message).toContain('needs the native binding')
    }
  })
})

describe('options are taken', () => {
  it('in every way to say a span or a size', async () => {
    for (const retention of [
      0,
      1.5,
      1e15,
      '0',
      '30days',
      '1.5 hr',
      '90min',
      '2weeks',
      '5ms',
      '7 s',
      '1day',
      '3hours'
    ])
      expect(await codeOf(async () => (await open(DOCUMENT, { store: place(), retention })).close())).toBe(
        null
      )
    for (const retentionSize of [
      0,
      '0',
      1e15,
      '20GiB',
      '1.5 GB',
      '3TB',
      '1TiB',
      '9KB',
      '9KiB',
      '4MB',
      '4MiB',
      '77bytes'
    ])
      expect(
        await codeOf(async () => (await open(DOCUMENT, { store: place(), retentionSize })).close())
      ).toBe(null)
  })

  it('of one who has a store and shares it', async () => {
    const options = { store: place(), shared: 'options', durability: 'strict', retention: '1day' } as const
    const limitr = await open(DOCUMENT, options)
    await limitr.createCustomer('user')
    const other = await open(DOCUMENT, options)
    expect(await other.allow('user', 'chat', 7)).toBe(true)
    expect(await limitr.value('user', 'chat')).toBe(7)
    await limitr.close()
    expect(await other.allow('user', 'chat', 3)).toBe(true)
    await other.close()
    const again = await open(DOCUMENT, { store: options.store })
    expect(await again.value('user', 'chat')).toBe(10)
    await again.close()
  })
})
