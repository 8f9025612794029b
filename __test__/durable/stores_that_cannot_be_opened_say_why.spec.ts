// A store that can't be opened is refused, with a code that says what to do, and stays as it is.

import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { Limitr, LimitrError } from 'limitr'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../support/open.js'
import { ended, folder, hard, open, place, plan, ROOT } from './support.js'

const DOCUMENT = plan({ chat: hard(1_000_000) })

/** A store in which `user` has used so much. */
async function filled(calls = 100): Promise<string> {
  const store = place()
  const limitr = await open(DOCUMENT, { store })
  await limitr.createCustomer('user')
  for (let call = 0; call < calls; call++) await limitr.allow('user', 'chat', 1)
  await limitr.close()
  return store
}

/** What opening rejects with. */
const refusal = (store: string): Promise<LimitrError> =>
  open(DOCUMENT, { store }).then(
    () => Promise.reject(new Error('it opened')),
    (error) => error
  )

/** The journal's files, oldest first. */
const journals = (store: string): string[] =>
  readdirSync(store)
    .filter((name) => name.startsWith('journal-'))
    .sort()
    .map((name) => join(store, name))

/** Every file of a store and what is in it, but for the lock, which has the process that opened it last. */
const contents = (store: string): string[] =>
  readdirSync(store)
    .filter((name) => name !== 'lock')
    .sort()
    .map((name) => `${name} ${readFileSync(join(store, name), 'hex')}`)

describe('a store that is open', () => {
  it('is locked within the process', async () => {
    const store = await filled()
    const limitr = await open(DOCUMENT, { store })
    for (const path of [store, `${store}/.`, `${store}/../store`]) {
      const error = await refusal(path)
      expect(error).toBeInstanceOf(LimitrError)
      expect(error.code).toBe('store_locked')
      expect(error.message).toContain(`this process (pid ${process.pid})`)
    }
    expect(await codeOf(() => Limitr.repairStore(store))).toBe('store_locked')
    expect(await limitr.allow('user', 'chat', 1)).toBe(true)
    await limitr.close()
    const next = await open(DOCUMENT, { store })
    expect(await next.value('user', 'chat')).toBe(101)
    await next.close()
  })

  it('is locked for other processes, until that one is gone, however it goes', async () => {
    const store = await filled()
    const script = `
      require('limitr').Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', { store: process.argv[1] })
        .then((limitr) => { console.log(limitr.backend); setInterval(() => limitr, 1000) })`
    const other = spawn(process.execPath, ['-e', script, '--', store], { cwd: ROOT })
    await new Promise((resolve) => other.stdout.once('data', resolve))
    const error = await refusal(store)
    expect(error.code).toBe('store_locked')
    expect(error.message).toContain(`another process (pid ${other.pid})`)
    const gone = new Promise((resolve) => other.once('exit', resolve))
    other.kill('SIGKILL')
    await gone
    const limitr = await open(DOCUMENT, { store })
    expect(await limitr.value('user', 'chat')).toBe(100)
    await limitr.close()
  })
})

describe('a store of a later version', () => {
  it('is refused and left alone', async () => {
    const store = await filled()
    const [file] = journals(store)
    const bytes = readFileSync(file)
    // A frame is a head (mark, length, sum of the payload, sum of its place and those two) and a payload: kind, then format.
    const length = bytes.readUInt32LE(4)
    bytes.writeUInt32LE(7, 17)
    bytes.writeUInt32LE(crc32(bytes.subarray(16, 16 + length)), 8)
    bytes.writeUInt32LE(crc32(Buffer.concat([Buffer.alloc(8), bytes.subarray(4, 12)])), 12)
    writeFileSync(file, bytes)
    const before = contents(store)
    for (const call of [() => open(DOCUMENT, { store }), () => Limitr.repairStore(store)]) {
      const error = (await call().catch((caught) => caught)) as LimitrError
      expect(error.code).toBe('store_newer')
      expect(error.message).toContain('has format 7')
    }
    expect(contents(store)).toEqual(before)
  })
})

describe('a damaged store', () => {
  it('is refused, and repaired opens with what could be read', async () => {
    const store = await filled()
    const more = await open(DOCUMENT, { store })
    await more.createCustomer('other')
    await more.allow('other', 'chat', 7)
    await more.close()
    const [file] = journals(store)
    const bytes = readFileSync(file)
    bytes[bytes.length >> 1] ^= 0xff
    writeFileSync(file, bytes)
    const before = contents(store)
    const error = await refusal(store)
    expect(error.code).toBe('store_damaged')
    expect(error.message).toContain(file.slice(store.length + 1))
    expect(error.message).toContain('Limitr.repairStore')
    expect(contents(store)).toEqual(before)

    const repaired = await Limitr.repairStore(store)
    expect(repaired.lost.length).toBeGreaterThan(0)
    for (const { file: name, at, bytes: lost } of repaired.lost) {
      expect(name).toMatch(/^journal-/)
      expect(at).toBeGreaterThanOrEqual(0)
      expect(lost).toBeGreaterThanOrEqual(0)
    }
    expect(readdirSync(store).some((name) => name.startsWith('damaged-'))).toBe(true)
    const limitr = await open(DOCUMENT, { store })
    expect(Object.keys(await limitr.customers())).toHaveLength(repaired.customers)
    expect(await limitr.allow('other', 'chat', 1)).toBe(true)
    await limitr.close()
    const again = await open(DOCUMENT, { store })
    expect(await again.value('other', 'chat')).toBe(8)
    await again.close()
  })

  it('is told from a write that was cut off, which is forgotten', async () => {
    const store = await filled()
    const more = await open(DOCUMENT, { store })
    await more.set('user', 'chat', 7)
    await more.close()
    const file = journals(store).at(-1) as string
    const bytes = readFileSync(file)
    const found: number[] = []
    for (let cut = 0; cut < bytes.length; cut += 7) {
      const copy = place()
      cpSync(store, copy, { recursive: true })
      writeFileSync(join(copy, file.slice(store.length)), bytes.subarray(0, bytes.length - cut))
      const used: (number | null)[] = []
      for (const _ of [1, 2]) {
        const limitr = await open(DOCUMENT, { store: copy })
        used.push(await limitr.value('user', 'chat'))
        await limitr.close()
      }
      expect(used[1], `without ${cut} bytes`).toBe(used[0])
      found.push(Number(used[0]))
    }
    // What was done last is there, or wholly gone.
    expect([...new Set(found)]).toEqual([7, 100])
    expect(found.at(0)).toBe(7)
  })

  it('that is none is repaired to nothing', async () => {
    const repaired = await Limitr.repairStore(await filled())
    expect(repaired.lost).toEqual([])
    expect(repaired.customers).toBe(1)
    expect(await codeOf(() => Limitr.repairStore(1 as unknown as string))).toBe('invalid_argument')
  })
})

describe('a place that can hold no store', () => {
  it('is refused with what the system says of it', async () => {
    const path = folder()
    const file = join(path, 'file')
    writeFileSync(file, 'not a folder')
    for (const store of [file, join(file, 'store'), `${path}/nul\0byte`]) {
      const error = await refusal(store)
      expect(error.code, store).toBe('store_failed')
    }
    expect(readFileSync(file, 'utf8')).toBe('not a folder')
  })

  it('is refused where nobody may write', async () => {
    const path = join(folder(), 'closed')
    mkdirSync(path)
    chmodSync(path, 0o500)
    // Root may write anywhere but where the system itself does.
    const closed = process.getuid?.() === 0 ? '/proc' : path
    expect((await refusal(join(closed, 'store'))).code).toBe('store_failed')
  })

  it('can be given as folders that are not there yet', async () => {
    const store = join(folder(), 'a', 'b', 'ü c')
    const limitr = await open(DOCUMENT, { store })
    await limitr.close()
    expect(readdirSync(store)).not.toEqual([])
  })

  it('is relative to the working directory', async () => {
    const path = folder()
    const script = `
      const { Limitr } = require('limitr')
      process.chdir(process.argv[1])
      Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', { store: 'here' }).then((limitr) => limitr.close())`
    expect((await ended(script, [path])).code).toBe(0)
    expect(readdirSync(path)).toEqual(['here'])
  })
})

describe('an opening that fails', () => {
  it('for its document leaves the store as it was, and open to others', async () => {
    const store = await filled()
    const before = contents(store)
    for (const bad of [
      { policy: { plans: { p: { entitlements: { a: { limit: { credit: 'no' } } } } } } },
      'a: [',
      { policy: 1n }
    ])
      expect(await codeOf(() => Limitr.new(bad, 'auto', { store }))).toBe('invalid_policy')
    expect(contents(store)).toEqual(before)
    const limitr = await open(DOCUMENT, { store })
    expect(await limitr.value('user', 'chat')).toBe(100)
    await limitr.close()
  })

  it('for its document makes no store', async () => {
    const path = folder()
    expect(await codeOf(() => Limitr.new('a: [', 'yaml', { store: join(path, 'store') }))).toBe(
      'invalid_policy'
    )
    expect(readdirSync(path)).toEqual([])
  })
})
