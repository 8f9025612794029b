// @ts-check

// Keeps what an engine does: natively in a folder, which the binding does by itself, or through an adapter, to which batches
// of changes are given from here.
//
// 1. Writing goes on one after the other. While one write runs, whoever has to wait for what came after it waits for the next
//    one, all for the same: a batch holds whatever was done by then.
// 2. With `durability: 'strict'` a call's promise waits for the write that holds what it did, and so does a call that only read:
//    what a strict engine answers is never lost.
// 3. Once a write failed nothing more is written. A strict engine refuses calls from then on; a relaxed one goes on, and says
//    `store-error` once.

const { LimitrError, errorFrom } = require('./errors.js')
const { storeFailed } = require('./events.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../types/store-adapter.js').StoreAdapter} StoreAdapter */
/** @typedef {import('../types/store-adapter.js').HistoryQuery} HistoryQuery */
/** @typedef {import('../types/store-adapter.js').StoredChange} StoredChange */

/** How long changes are gathered for an adapter, in milliseconds, unless somebody waits for them. */
const GATHER_MS = 20
/** After so many changes an adapter that can is given a snapshot. */
const COMPACT_CHANGES = 50_000

class Keeping {
  /** Why nothing is written any more. @type {LimitrError | null} */
  failure = null
  /** The number of the last change that is written. */
  #written = -1
  /** @type {Promise<void> | null} */
  #running = null
  /** The write that takes whatever is done until it begins. @type {Promise<void> | null} */
  #next = null

  /**
   * @param {Core} core
   * @param {boolean} strict
   */
  constructor(core, strict) {
    this.core = core
    this.strict = strict
  }

  /** Refuses calls of a strict engine whose store is given up. */
  assertKept() {
    if (this.strict && this.failure !== null && !this.core.closed) throw this.failure
  }

  /** Whether anything was done that isn't written yet. */
  isBehind() {
    return this.lastChange() > this.#written
  }

  /** Resolves once everything that was done by now is written. */
  flush() {
    if (this.core.closed) return Promise.resolve() // it was written before, and a call says so itself
    if (this.failure !== null) return Promise.reject(this.failure)
    if (!this.isBehind()) return Promise.resolve()
    this.#next ??= this.#begin()
    return this.#next
  }

  async #begin() {
    await this.#running?.catch(() => {}) // who waits for it hears of it
    this.#next = null
    if (this.failure !== null) throw this.failure
    this.#running = this.#write()
    await this.#running
  }

  async #write() {
    const until = this.lastChange()
    try {
      await this.write()
      this.#written = until
    } catch (error) {
      this.failure = error instanceof LimitrError ? error : asStoreError(error)
      throw this.failure
    }
  }

  /** The number of the engine's last change. @returns {number} */
  lastChange() {
    return this.core.closed ? this.#written : this.core.doors.seq(this.core.engine)
  }

  /** Writes what waits. @returns {Promise<void>} */
  write() {
    throw new TypeError('each way of keeping writes in its own way')
  }
}

/** The binding keeps the engine in a folder. */
class NativeKeeping extends Keeping {
  async write() {
    answerOf(await this.core.doors.flush(this.core.engine))
  }

  /** Whether calls have anything to do with it: else the binding sees to it alone. */
  touchesCalls() {
    return this.strict
  }

  /** What a call waits for. */
  after() {
    return this.strict ? this.flush() : undefined
  }

  /** The same without a promise. */
  afterSync() {
    if (!this.strict || !this.isBehind()) return
    try {
      answerOf(this.core.doors.flushNow(this.core.engine))
    } catch (error) {
      this.failure = /** @type {LimitrError} */ (error)
      throw error
    }
  }

  assertSync() {
    this.assertKept()
  }

  /**
   * @param {string} customer
   * @param {HistoryQuery} query
   * @returns {Promise<StoredChange[]>}
   */
  async history(customer, query) {
    const answer = await this.core.doors.history(this.core.engine, JSON.stringify({ customer, ...query }))
    return answerOf(answer)
  }

  async close() {
    if (!this.core.closed) await this.flush()
  }
}

/** An adapter keeps the engine. */
class AdapterKeeping extends Keeping {
  #adapter
  #instance
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null
  /** Changes that the adapter holds beside its last snapshot. */
  #beside
  /** @type {Promise<void> | null} */
  #compacting = null
  #gaveUp = false

  /**
   * @param {Core} core
   * @param {boolean} strict
   * @param {StoreAdapter} adapter
   * @param {string} instance
   * @param {number} beside
   */
  constructor(core, strict, adapter, instance, beside) {
    super(core, strict)
    this.#adapter = adapter
    this.#instance = instance
    this.#beside = beside
  }

  async write() {
    const changes = this.core.ask('takeChanges', [])
    if (changes === null) return
    await this.#adapter.append({ instance: this.#instance, changes })
    this.#beside += changes.length
    if (this.#beside >= COMPACT_CHANGES && this.#compacting === null) {
      this.#compacting = this.#compact().finally(() => {
        this.#compacting = null
      })
    }
  }

  touchesCalls() {
    return true
  }

  /** What a call waits for. */
  after() {
    if (this.strict) return this.flush()
    this.afterSync()
  }

  /** Sees to it that what was done is written soon. */
  afterSync() {
    if (this.#timer !== null || this.failure !== null || !this.isBehind()) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.flush().catch((error) => this.#giveUp(error))
    }, GATHER_MS)
  }

  assertSync() {
    if (!this.strict) return
    throw new LimitrError(
      'not_supported',
      "with `durability: 'strict'` and an adapter a call can only be awaited: use the method without `sync`"
    )
  }

  /**
   * @param {string} customer
   * @param {HistoryQuery} query
   */
  async history(customer, query) {
    if (typeof this.#adapter.history !== 'function')
      throw new LimitrError('not_supported', 'the store that was given has no `history`')
    await this.flush()
    const known = this.core.ask('customer', [customer])
    return this.#adapter.history(known?.id ?? customer, query)
  }

  async close() {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    try {
      if (!this.core.closed && this.failure === null) await this.flush()
      await this.#compacting
    } finally {
      await this.#adapter.close?.()
    }
    if (this.failure !== null) throw this.failure
  }

  /**
   * Writes that began before the first one failed fail, too: only the first is told.
   *
   * @param {LimitrError} error
   */
  #giveUp(error) {
    if (this.core.closed || this.strict || this.#gaveUp) return
    this.#gaveUp = true
    this.core.ask('stopChanges', [])
    storeFailed(this.core, error)
  }

  /** Gives the adapter the whole state, in the place of the changes that led there. */
  async #compact() {
    if (typeof this.#adapter.compact !== 'function') return
    this.#beside = 0
    try {
      await this.#adapter.compact(snapshotOf(this.core, this.#instance))
    } catch (error) {
      // Nothing is lost: what was appended stands. The next one may succeed.
      globalThis.process?.emitWarning?.(`a store could not be compacted: ${error}`, 'LimitrStoreWarning')
    }
  }
}

/**
 * The state of an engine, read page by page while it goes on.
 *
 * @param {Core} core
 * @param {string} instance
 * @returns {import('../types/store-adapter.js').Snapshot}
 */
function snapshotOf(core, instance) {
  const head = core.ask('snapshotHead', [])
  /** @type {any} */
  const snapshot = { ...head, instance, to: head.from }
  snapshot.customers = (function* () {
    for (let from = 0; from !== null && !core.closed; ) {
      const { records, next, seq } = core.ask('customerPage', [from, 256])
      for (const record of Object.values(records)) yield { seq, record }
      snapshot.to = seq
      from = next
    }
    if (core.closed) throw new LimitrError('closed', 'the engine was closed while it was saved')
  })()
  return snapshot
}

/**
 * What a door answered as JSON.
 *
 * @param {string} answer
 */
function answerOf(answer) {
  const { value, error } = JSON.parse(answer)
  if (error) throw errorFrom(error)
  return value
}

/** @param {unknown} cause */
function asStoreError(cause) {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new LimitrError('store_failed', `the store failed: ${said}`, { cause })
}

module.exports = { AdapterKeeping, NativeKeeping, answerOf, asStoreError }
