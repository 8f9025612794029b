// Which binding runs an engine: the option, else the environment, else the native one if it loads.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Limitr } from 'limitr'
import * as inline from 'limitr/inline'
import * as wasm from 'limitr/wasm'
import { describe, expect, it } from 'vitest'

const ROOT = new URL('../..', import.meta.url)
const OPEN = (options: string) => `
  const { Limitr } = require('limitr')
  Limitr.new({ policy: {} }, 'auto', ${options})
    .then((limitr) => limitr.backend, (error) => error.code + ': ' + error.message).then(console.log)`

/** What a process prints that opens an engine. */
async function opened(options: string, backend?: string): Promise<string> {
  const env = { ...process.env, LIMITR_BACKEND: backend ?? '' }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', OPEN(options)], {
    cwd: ROOT,
    env
  })
  return `${stdout}${stderr}`.trim()
}

describe('an engine runs on', () => {
  it.each([
    ['null', undefined, 'native'],
    ['null', 'auto', 'native'],
    ['null', 'native', 'native'],
    ['null', 'wasm', 'wasm'],
    ["{ backend: 'auto' }", 'wasm', 'wasm'],
    ["{ backend: 'wasm' }", undefined, 'wasm'],
    ["{ backend: 'wasm' }", 'native', 'wasm'],
    ["{ backend: 'native' }", 'wasm', 'native']
  ])('options %s, LIMITR_BACKEND %s: %s', async (options, backend, expected) => {
    expect(await opened(options, backend)).toBe(expected)
  })

  it('no backend that nobody knows', async () => {
    expect(await opened('null', 'wsam')).toBe(
      'invalid_argument: unknown value of LIMITR_BACKEND `wsam`: did you mean `wasm`?'
    )
  })

  it('both, side by side, without seeing each other', async () => {
    const document = {
      policy: {
        credits: { t: {} },
        plans: { p: { default: true, entitlements: { a: { limit: { credit: 't', value: 3 } } } } }
      }
    }
    const engines = [
      await Limitr.new(document, 'auto', { backend: 'native' }),
      await Limitr.new(document, 'auto', { backend: 'wasm' })
    ]
    for (const limitr of engines) {
      limitr.sync.createCustomer('u')
      expect(limitr.sync.allow('u', 'a', 3)).toBe(true)
      expect(limitr.sync.allow('u', 'a', 1)).toBe(false)
    }
    for (const limitr of engines) await limitr.close()
  })
})

describe('the entries that are wasm only', () => {
  it.each(Object.entries({ wasm, inline }))('limitr/%s', async (_, { Limitr, LimitrError }) => {
    const limitr = await Limitr.new({ policy: {} })
    expect(limitr.backend).toBe('wasm')
    await limitr.close()
    const error = await Limitr.new({ policy: {} }, 'auto', { backend: 'native' }).catch(
      (cause: unknown) => cause
    )
    expect(error).toBeInstanceOf(LimitrError)
    expect(error).toMatchObject({ code: 'not_supported' })
    expect((error as Error).message).toContain('there is no native binding here')
  })

  it.each([
    [
      'text',
      'http://127.0.0.1:9/limitr.wasm',
      'not_supported',
      'could not be fetched from http://127.0.0.1:9/limitr.wasm'
    ],
    ['other bytes', new TextEncoder().encode('<!doctype html>'), 'not_supported', 'is no wasm module'],
    ['a page that is missing', new Response('', { status: 404 }), 'not_supported', '(status 404)'],
    [
      'a page',
      new Response('<html>', { headers: { 'Content-Type': 'text/html' } }),
      'not_supported',
      'no wasm module'
    ],
    ['nothing', null, 'invalid_argument', 'nothing was given']
  ])('init refuses %s', async (_, source, code, says) => {
    const error = await wasm.init(source as never).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code })
    expect((error as Error).message).toContain(says)
  })

  it('no engine opens on the module of somebody else', async () => {
    await wasm.init(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))
    const error = await wasm.Limitr.new({ policy: {} }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'not_supported' })
    expect((error as Error).message).toContain("isn't the wasm/limitr.wasm of this version")
  })

  it('init takes a module, bytes, or what brings them', async () => {
    const bytes = await import('node:fs').then(({ readFileSync }) =>
      readFileSync(new URL('wasm/limitr.wasm', ROOT))
    )
    const response = new Response(bytes, { headers: { 'Content-Type': 'application/wasm' } })
    for (const source of [await WebAssembly.compile(bytes), bytes, response, Promise.resolve(bytes)]) {
      await wasm.init(source)
      const limitr = await wasm.Limitr.new({ policy: {} })
      expect(limitr.backend).toBe('wasm')
      await limitr.close()
    }
  })
})
