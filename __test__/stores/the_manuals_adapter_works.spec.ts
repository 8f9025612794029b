// The adapter that docs/store-adapters.md shows, taken from there and used as it says.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Limitr, type StoreAdapter } from 'limitr'
import { afterAll, describe, expect, it } from 'vitest'
import { POLICY } from '../support/policies.js'

const manual = readFileSync(new URL('../../docs/store-adapters.md', import.meta.url), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'limitr-manual-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blocks = [...manual.matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text as string)

describe("the manual's adapter", () => {
  it('brings an engine back, also where its last line was cut off', async () => {
    const code = blocks.find((text) => text.includes('export function fileStore')) as string
    writeFileSync(join(folder, 'store.mjs'), code)
    const { fileStore } = (await import(join(folder, 'store.mjs'))) as {
      fileStore(path: string): StoreAdapter
    }
    const path = join(folder, 'usage.jsonl')
    const used: number[] = []
    for (let round = 0; round < 3; round++) {
      const limitr: Limitr = await Limitr.new(POLICY, 'auto', {
        store: fileStore(path),
        durability: 'strict'
      })
      await limitr.ensureCustomer('ada')
      await limitr.allow('ada', 'chat', 2)
      used.push((await limitr.value('ada', 'chat')) as number)
      await limitr.close()
      appendFileSync(path, '{"instance":"torn","cha')
    }
    expect(used).toEqual([2, 4, 6])
  })
})
