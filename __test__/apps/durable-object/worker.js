import { Limitr, LimitrError } from 'limitr'
import { durableObjectStore } from 'limitr/durable-object'

/** An object that does with its store what it is told, and answers with what that gave. */
export class Shelf {
  #store
  #storage

  constructor(context) {
    this.#storage = context.storage
    this.#store = durableObjectStore(context.storage)
  }

  async fetch(request) {
    const [call, ...args] = await request.json()
    try {
      return Response.json({ value: (await this[call](...args)) ?? null })
    } catch (error) {
      const [ours, { code, message, cause = '' }] = [error instanceof LimitrError, error]
      return Response.json({ error: { ours, code, message: `${message} ${cause}` } })
    }
  }

  async load() {
    const found = await this.#store.load()
    if (found === null || !('format' in found)) return { changes: found && (await listOf(found)) }
    return { ...found, customers: await listOf(found.customers), changes: await listOf(found.changes) }
  }

  append(instance, changes) {
    return this.#store.append({ instance, changes })
  }

  /** Compacts so many customers, whose labels are so long, while it appends changes one by one; answers how many it could. */
  async compact(head, count, length, instance, seq) {
    let compacting = true
    const customers = (function* () {
      for (let index = 0; index < count; index++)
        yield { seq: 1, record: { id: `user_${index}`, label: '🙂'.repeat(length / 2) } }
    })()
    const compaction = this.#store.compact({ ...head, customers }).finally(() => {
      compacting = false
    })
    let appended = 0
    for (; compacting; appended++) {
      const change = { seq: seq + appended, at: head.now + appended, type: 'metered', holder: 'ada' }
      await this.#store.append({ instance, changes: [change] })
    }
    await compaction
    return appended
  }

  history(customer, query) {
    return this.#store.history(customer, query)
  }

  async keys() {
    return [...(await this.#storage.list()).keys()]
  }
}

/** The same in an object that has SQL beside. */
export class SqlShelf extends Shelf {}

const POLICY = {
  policy: {
    credits: { request: {} },
    plans: { free: { default: true, entitlements: { api: { limit: { credit: 'request', value: 3 } } } } }
  }
}

/** An object that has an engine. What it answers with is in the storage before. */
export class Gate {
  #limitr

  constructor(context) {
    context.blockConcurrencyWhile(async () => {
      this.#limitr = await Limitr.new(POLICY, 'json', {
        store: durableObjectStore(context.storage, { name: 'gate' }),
        durability: 'strict'
      })
    })
  }

  async fetch(request) {
    const [user, id] = await request.json()
    await this.#limitr.ensureCustomer(user)
    const { allowed, used } = await this.#limitr.decide(user, 'api', 1, { id })
    const history = await this.#limitr.history(user)
    return Response.json({ value: [allowed, used, history.filter(({ type }) => type === 'metered').length] })
  }
}

async function listOf(items) {
  const list = []
  for await (const item of items) list.push(item)
  return list
}

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url)
    const [, binding, name] = pathname.split('/')
    if (!name) return new Response('here')
    return env[binding].get(env[binding].idFromName(name)).fetch(request)
  }
}
