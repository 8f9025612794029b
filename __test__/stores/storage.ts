// A Durable Object's storage in memory, as strict as the real one: at most 128 keys a call, 2 KiB a key, 128 KiB a value;
// keys in the order of their UTF-8. It can break down before any write.

import { serialize } from 'node:v8'
import { durableObjectStore } from 'limitr/durable-object'
import type { Adapter, Place } from './support.js'

const KEYS = 128

/** What of a list is asked for. */
type Range = { start?: string; end?: string; reverse?: boolean; limit?: number }

export class Storage {
  entries = new Map<string, unknown>()
  /** How many writes are left before it breaks down. */
  writes = Number.POSITIVE_INFINITY
  /** The most entries that one call has read. */
  mostRead = 0

  async get(key: string): Promise<unknown> {
    await tick()
    return structuredClone(this.entries.get(key))
  }

  async list({ start = '', end, reverse = false, limit = Number.POSITIVE_INFINITY }: Range) {
    await tick()
    const keys = [...this.entries.keys()].filter(
      (key) => before(start, key) <= 0 && (!end || before(key, end) < 0)
    )
    keys.sort(before)
    if (reverse) keys.reverse()
    const page = keys.slice(0, limit)
    this.mostRead = Math.max(this.mostRead, page.length)
    return new Map(page.map((key) => [key, structuredClone(this.entries.get(key))]))
  }

  async put(entries: Record<string, unknown>) {
    this.#write(Object.keys(entries))
    for (const [key, value] of Object.entries(entries)) {
      if (Buffer.byteLength(key) > 2_048) throw new Error(`a key of ${Buffer.byteLength(key)} bytes`)
      const size = serialize(value).length
      if (size > 128 * 1_024) throw new Error(`a value of ${size} bytes`)
      this.entries.set(key, structuredClone(value))
    }
    await tick()
  }

  async delete(keys: string[]) {
    this.#write(keys)
    for (const key of keys) this.entries.delete(key)
    return keys.length
  }

  async transaction(work: (transaction: Storage) => Promise<void>) {
    const saved = new Map(this.entries)
    try {
      await work(this)
    } catch (error) {
      this.entries = saved
      throw error
    }
  }

  #write(keys: string[]) {
    if (keys.length > KEYS) throw new Error(`${keys.length} keys at once`)
    if (this.writes-- <= 0) throw new Error('it broke down')
  }
}

/** As long as a real storage takes, other work goes on. */
const tick = () => new Promise((resolve) => setImmediate(resolve))

const before = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** A storage, and adapters on it. */
export function object(): Place & { storage: Storage } {
  const storage = new Storage()
  return {
    storage,
    open: (options = {}) => durableObjectStore(storage, options) as Adapter,
    drop: async () => {}
  }
}
