// @ts-check

// A store in the storage of a Durable Object.
//
// Below `limitr/<name>/` stand:
//
// * `head`: the format, the place of the last instance, and which generation of the snapshot counts;
// * `log/<place>/<seq>`: batches, in the order appended; `history/…`: the same by customer (durable-object-history.js);
// * `snapshot/<generation>` and `customers/<generation>/<number>`: the snapshot.
//
// A batch is one write, or one transaction where it has more keys than a write may have. `compact` writes a new generation, a
// page at a time, and turns to it with the head. What an earlier generation or an interrupted one left is deleted after that.

const { LimitrError, shown } = require('../errors.js')
const texts = require('./durable-object-texts.js')
const history = require('./durable-object-history.js')
const {
  damaged,
  duration,
  failed,
  headFrom,
  headOf,
  newer,
  optionsOf,
  parsed,
  storeName
} = require('./shared.js')

/** @typedef {import('../../types/store-adapter').Change} Change */
/** @typedef {import('../../types/store-adapter').ChangeBatch} ChangeBatch */
/** @typedef {import('../../types/store-adapter').HistoryQuery} HistoryQuery */
/** @typedef {import('../../types/store-adapter').Snapshot} Snapshot */
/** @typedef {import('../../types/store-adapter').SnapshotCustomer} SnapshotCustomer */
/** @typedef {import('../../types/store-adapter').StoredChange} StoredChange */
/** @typedef {import('../../types/durable-object').DurableObjectStorageLike} Storage */

const OPTIONS = /** @type {const} */ (['name', 'retention'])

/** The format of what is stored: one that is higher was written by a newer version. */
const FORMAT = 1

/**
 * What counts of all that is stored.
 *
 * @typedef {object} Root
 * @property {number} format
 * @property {string | null} instance the last one
 * @property {number} place its place among the instances, from 1
 * @property {number} generation the snapshot's, 0 for none
 * @property {number} generations the last number given to one
 * @property {number} since the place of the snapshot's instance
 * @property {number} customers how many values the snapshot's customers take
 */

/** @type {Root} */
const EMPTY = {
  format: FORMAT,
  instance: null,
  place: 0,
  generation: 0,
  generations: 0,
  since: 0,
  customers: 0
}

/** @typedef {{ root: Root }} Opening */

/** Who opened which part of a storage last. @type {WeakMap<object, Map<string, Opening>>} */
const openings = new WeakMap()

/** @param {number} number of a place, a generation, a seq, a page */
const key = (number) => texts.padded(number, 16)

class DurableObjectStore {
  /** @type {Storage} */
  #storage
  #name
  #retention
  #below
  /** @type {Opening | null} */
  #open = null
  /** @type {Promise<unknown>} the compaction that runs: it never rejects */
  #compacting = Promise.resolve()

  /**
   * @param {unknown} storage
   * @param {unknown} given
   */
  constructor(storage, given) {
    this.#storage = storageOf(storage)
    const options = optionsOf(given, OPTIONS)
    this.#name = storeName(options.name)
    this.#retention = duration(options.retention, 'options.retention', '30days')
    this.#below = `limitr/${encodeURIComponent(this.#name)}/`
  }

  async load() {
    const open = { root: EMPTY }
    const found = await texts.stored(this.#load(open))
    const names = openings.get(this.#storage) ?? new Map()
    openings.set(this.#storage, names.set(this.#name, open))
    this.#open = open
    return found
  }

  /** @param {Opening} open */
  async #load(open) {
    const root = /** @type {Root | undefined} */ (await this.#storage.get(`${this.#below}head`))
    if (root === undefined) return null
    if (!(root?.format > 0)) throw damaged('its format is unknown')
    if (root.format > FORMAT) throw newer(root.format, FORMAT)
    open.root = root
    if (root.generation === 0) return this.#log(0, -1)
    const at = `${this.#below}snapshot/${key(root.generation)}`
    const { value } = await texts.textsOf(this.#storage, at, at + texts.END).next()
    if (!value) throw damaged('the snapshot is missing')
    const head = headFrom(value[1])
    return { ...head, customers: this.#customers(root), changes: this.#log(root.since, head.from) }
  }

  /**
   * @param {number} place to begin with
   * @param {number} from the last change of that place that isn't wanted
   * @returns {AsyncGenerator<StoredChange>}
   */
  async *#log(place, from) {
    const [log, first] = [`${this.#below}log`, key(place)]
    for await (const [at, text] of texts.textsOf(this.#storage, `${log}/${first}`, log + texts.END)) {
      const old = at.startsWith(`${log}/${first}/`) ? from : -1
      for (const change of history.heard(text)) if (change.seq > old) yield change
    }
  }

  /**
   * @param {Root} root
   * @returns {AsyncGenerator<SnapshotCustomer>}
   */
  async *#customers({ generation, customers }) {
    const at = `${this.#below}customers/${key(generation)}`
    let read = 0
    for await (const [, text] of texts.textsOf(this.#storage, at, at + texts.END)) {
      yield* parsed(text, 'a list of customers')
      read += 1
    }
    if (read !== customers) throw damaged(`a snapshot has ${read} lists of customers of ${customers}`)
  }

  /** @param {ChangeBatch} batch */
  async append(batch) {
    const open = this.#opened()
    const { instance, changes } = batch
    if (changes.length === 0) return
    /** @type {[string, unknown][]} */
    const entries = []
    if (open.root.instance !== instance) {
      open.root = { ...open.root, instance, place: open.root.place + 1 }
      entries.push([`${this.#below}head`, open.root])
    }
    const place = key(open.root.place)
    for (const [seq, list] of batchLists(changes)) {
      entries.push(...texts.pieces(`${this.#below}log/${place}/${key(seq)}`, history.told(instance, list)))
    }
    if (this.#retention > 0) entries.push(...history.historyOf(`${this.#below}history/`, place, batch))
    await texts.stored(texts.writeAll(this.#storage, entries))
    await texts.stored(this.#durable())
  }

  /** Waits until what was written is durable, where that takes longer than the write. */
  async #durable() {
    await this.#storage.sync?.()
  }

  /** @param {Snapshot} snapshot */
  compact(snapshot) {
    const done = this.#compacting.then(() => this.#compact(this.#opened(), snapshot))
    this.#compacting = done.catch(() => {})
    return done
  }

  /**
   * @param {Opening} open
   * @param {Snapshot} snapshot
   */
  async #compact(open, snapshot) {
    const { root } = open
    const generation = root.generations + 1
    open.root = { ...root, generations: generation }
    // An interrupted compaction may have left some of this very number: only the head keeps count.
    await texts.stored(this.#sweep(root.generation + 1, generation + 1))
    const customers = await this.#record(generation, snapshot.customers)
    const head = headOf(snapshot)
    const pieces = texts.pieces(`${this.#below}snapshot/${key(generation)}`, JSON.stringify(head))
    await texts.stored(texts.writeSome(this.#storage, pieces))
    await texts.stored(this.#durable())
    this.#opened() // where another engine has the storage by now, it must not turn
    if (open.root.instance !== head.instance)
      open.root = { ...open.root, instance: head.instance, place: open.root.place + 1 }
    open.root = { ...open.root, generation, customers, since: open.root.place }
    await texts.stored(this.#storage.put({ [`${this.#below}head`]: open.root }, { allowConcurrency: true }))
    await texts.stored(this.#durable())
    await texts.stored(this.#drop(open.root.since, head, generation))
  }

  /**
   * Deletes what a snapshot has made needless.
   *
   * @param {number} place of its instance
   * @param {import('./shared.js').Head} head
   * @param {number} generation
   */
  async #drop(place, { from, now }, generation) {
    await this.#sweep(0, generation)
    const log = `${this.#below}log/`
    // The batch that holds change `from + 1` begins with it or before: it and what follows stay.
    const stays = `${log}${key(place)}/${key(from + 1)}/~`
    const [last] = (
      await this.#storage.list({ start: log, end: stays, reverse: true, limit: 1, allowConcurrency: true })
    ).keys()
    if (last !== undefined) await texts.deleteRange(this.#storage, log, last.slice(0, last.lastIndexOf('/')))
    const old = this.#retention === 0 ? Number.POSITIVE_INFINITY : now - this.#retention
    await history.pruneHistory(this.#storage, `${this.#below}history/`, old)
  }

  /**
   * Deletes generations from one to before another.
   *
   * @param {number} from
   * @param {number} to
   */
  async #sweep(from, to) {
    for (const part of ['customers', 'snapshot']) {
      const below = `${this.#below}${part}/`
      await texts.deleteRange(this.#storage, below + key(from), below + key(to))
    }
  }

  /**
   * Writes customers as a generation; answers how many lists they make.
   *
   * @param {number} generation
   * @param {Snapshot['customers']} customers
   */
  async #record(generation, customers) {
    let count = 0
    for await (const list of texts.lists(jsonOf(customers))) {
      count += 1
      const at = `${this.#below}customers/${key(generation)}/${key(count)}`
      await texts.stored(texts.writeSome(this.#storage, texts.pieces(at, `[${list.join(',')}]`)))
    }
    return count
  }

  /**
   * @param {string} customer
   * @param {HistoryQuery} query
   */
  async history(customer, query) {
    this.#opened()
    return texts.stored(history.historyFrom(this.#storage, `${this.#below}history/`, customer, query))
  }

  async close() {
    this.#open = null
  }

  #opened() {
    if (this.#open === null) throw failed('the store is not open')
    if (openings.get(this.#storage)?.get(this.#name) === this.#open) return this.#open
    throw failed('another engine has opened this storage since: open one only, or give each another `name`')
  }
}

/**
 * Changes in lists that one value may hold, each with the number of its first.
 *
 * @param {readonly Change[]} changes
 * @returns {[seq: number, texts: string[]][]}
 */
function batchLists(changes) {
  /** @type {[number, string[]][]} */
  const found = []
  let length = Number.POSITIVE_INFINITY
  for (const change of changes) {
    const text = JSON.stringify(change)
    if (length + text.length > texts.LIST) {
      found.push([change.seq, []])
      length = 0
    }
    found[found.length - 1][1].push(text)
    length += text.length + 1
  }
  return found
}

/** @param {Snapshot['customers']} customers */
async function* jsonOf(customers) {
  for await (const { seq, record } of customers) yield JSON.stringify({ seq, record })
}

/**
 * @param {unknown} given
 * @returns {Storage}
 */
function storageOf(given) {
  const storage = /** @type {any} */ (given)
  if (['get', 'list', 'put', 'delete', 'transaction'].every((name) => typeof storage?.[name] === 'function'))
    return storage
  throw new LimitrError(
    'invalid_argument',
    `\`storage\` must be the \`storage\` of a Durable Object's state, but ${shown(given)} was given`
  )
}

module.exports = { DurableObjectStore }
