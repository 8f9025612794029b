// A trap in the wasm module (a panic, memory that ran out) ends the engine that met it, with an error that says why; the
// others go on.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { init, Limitr } from 'limitr/wasm'
import { afterEach, expect, it } from 'vitest'
import { POLICY } from '../support/policies.js'

const WASM = readFileSync(new URL('../../wasm/limitr.wasm', import.meta.url))
const MEMORY_SECTION = 5

/** The module with a memory that grows to so many pages of 64 KiB and no further. */
function capped(pages: number): Uint8Array {
  const bytes = [...WASM.subarray(0, 8)]
  for (let at = 8; at < WASM.length; ) {
    const [length, body] = leb(at + 1)
    const section = [...WASM.subarray(at, body + length)]
    if (WASM[at] === MEMORY_SECTION) {
      const [least] = leb(body + 2)
      const limits = [1, 1, ...lebOf(least), ...lebOf(pages)]
      bytes.push(MEMORY_SECTION, ...lebOf(limits.length), ...limits)
    } else for (const byte of section) bytes.push(byte)
    at = body + length
  }
  return Uint8Array.from(bytes)
}

/** The number in LEB128 at a place, and the place behind it. */
function leb(from: number): [number, number] {
  let [value, at] = [0, from]
  for (let shift = 0; ; shift += 7) {
    const byte = WASM[at++]!
    value += (byte & 127) * 2 ** shift
    if (byte < 128) return [value, at]
  }
}

function lebOf(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...lebOf(Math.floor(value / 128))]
}

const refusal = (call: () => unknown): { code: string; message: string } => {
  try {
    call()
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('it was not refused')
}

afterEach(() => init(WASM))

it('when memory runs out, and says how much there was', async () => {
  const other = await Limitr.new(POLICY)
  await other.createCustomer('user')
  await init(capped(40))
  const limitr = await Limitr.new(POLICY)
  const fill = () => {
    for (let index = 0; ; index++) limitr.sync.createCustomer(`customer_${index}`)
  }
  const first = refusal(fill)
  expect(first.code).toBe('internal')
  expect(first.message).toContain('unreachable, with 3 MiB of memory')

  const calls = [
    () => limitr.sync.allow('customer_1', 'chat', 1),
    () => limitr.sync.check('never seen', 'chat', 1),
    () => limitr.sync.decide('customer_1', 'chat', 1),
    () => limitr.sync.increment('customer_1', 'chat'),
    () => limitr.sync.value('customer_1', 'chat'),
    () => limitr.sync.remaining('customer_1', 'chat'),
    () => limitr.sync.customers(),
    () => limitr.sync.allow('customer_1', 'files', '1MB')
  ]
  for (const call of calls) {
    const { code, message } = refusal(call)
    expect(code).toBe('engine_poisoned')
    expect(message).toContain('open another with `Limitr.new`')
  }
  await limitr.close()
  expect(refusal(() => limitr.sync.now()).code).toBe('engine_poisoned')

  expect(await other.allow('user', 'chat', 1)).toBe(true)
  const next = await Limitr.new(POLICY)
  await next.createCustomer('user')
  expect(await next.allow('user', 'chat', 1)).toBe(true)
  await next.close()
  await other.close()
})

it('while the document is read, and refuses that document only', async () => {
  await init(capped(24))
  const plans = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`plan_${index}`, {}]))
  const error = await Limitr.new({ policy: { plans } }).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'internal' })
  const limitr = await Limitr.new(POLICY)
  expect(await limitr.valid()).toBe(true)
  await limitr.close()
})

it('when it panics, and says what the panic said', () => {
  const { Instance } = createRequire(import.meta.url)('../../js/instance.js')
  const instance = new Instance(new WebAssembly.Module(WASM))
  // A name in memory that was never given out: it is freed once it is read, and the allocator won't have that.
  const door = () => instance.exports.customerName(0, 1, 8, 4)
  const { error } = JSON.parse(instance.textOf(door))
  expect(error.code).toBe('internal')
  expect(error.message).toMatch(/stopped: panicked at \S+:\d+:\d+: assertion failed: .+; please report/)
  const later = JSON.parse(instance.textOf(() => instance.exports.names(1)))
  expect(later.error.code).toBe('engine_poisoned')
  expect(later.error.message).toContain('assertion failed')
})
