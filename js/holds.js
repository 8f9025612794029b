// @ts-check

// Holds: room reserved for a call whose size isn't known yet, and the objects that keep it.

const {
  lookup,
  optionalDuration,
  optionalName,
  optionalNumber,
  optionalQuantity,
  options,
  quantity
} = require('./arguments.js')
const { LimitrError } = require('./errors.js')
const { LIKENESS, likenessOf } = require('./estimates.js')
const { dataOf, moved, sending } = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../index').HoldSync} HoldSyncApi */
/** @typedef {import('../index').Hold} HoldApi */

/** The keys that `using` and `await using` look for, also where the host doesn't have them yet. */
const DISPOSE = /** @type {typeof Symbol.dispose} */ (Symbol.dispose ?? Symbol.for('Symbol.dispose'))
const ASYNC_DISPOSE = /** @type {typeof Symbol.asyncDispose} */ (
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')
)

const RESERVE_OPTIONS = ['value', 'ttl', 'overhead', ...LIKENESS]

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} given
 * @returns {string | null}
 */
function reserve(core, customer, entitlement, given) {
  const names = [lookup(customer, 'customer'), lookup(entitlement, 'entitlement')]
  const option = options(given, 'options', RESERVE_OPTIONS)
  const wanted = {
    value: optionalQuantity(option.value, 'options.value'),
    ttl: optionalDuration(option.ttl, 'options.ttl'),
    overhead: optionalNumber(option.overhead, 'options.overhead'),
    ...likenessOf(option)
  }
  return core.ask('reserve', [...names, wanted]) ?? null
}

/**
 * `settle`, and the part that a stream consumes.
 *
 * @param {Core} core
 * @param {'settle' | 'consumeHold'} op
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} hold
 * @param {unknown} value
 * @param {unknown} event
 * @param {unknown} overhead
 * @param {unknown} basis
 * @param {unknown} segment
 * @returns {boolean}
 */
function record(core, op, customer, entitlement, hold, value, event, overhead, basis, segment) {
  const id = lookup(customer, 'customer')
  const args = [
    id,
    lookup(entitlement, 'entitlement'),
    hold === undefined || hold === null ? null : lookup(hold, 'hold'),
    quantity(value, 'value'),
    sending(event) !== 0,
    optionalNumber(overhead, 'overhead'),
    { basis: optionalNumber(basis, 'basis'), segment: optionalName(segment, 'segment') }
  ]
  return moved(core, op, args, id, dataOf(event))
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} hold
 * @returns {boolean}
 */
function release(core, customer, entitlement, hold) {
  return core.ask('release', [
    lookup(customer, 'customer'),
    lookup(entitlement, 'entitlement'),
    lookup(hold, 'hold')
  ])
}

const RECORD_OPTIONS = ['event', 'overhead']

/** See `HoldSync` in types/holds.d.ts. */
class HoldSync {
  #core
  #blocks
  #open = true

  /**
   * @param {Core} core
   * @param {string} customer
   * @param {string} entitlement
   * @param {string} id
   * @param {boolean} blocks whether its calls wait for a strict store, as those without promises do
   */
  constructor(core, customer, entitlement, id, blocks) {
    this.#core = core
    this.#blocks = blocks
    this.customer = customer
    this.entitlement = entitlement
    this.id = id
  }

  /** @type {HoldSyncApi['consume']} */
  consume(value, given) {
    this.#assertOpen()
    const { event, overhead } = options(given, 'options', RECORD_OPTIONS)
    const { customer, entitlement, id } = this
    return this.#kept(() =>
      record(this.#core, 'consumeHold', customer, entitlement, id, value, event, overhead, null, null)
    )
  }

  /** @type {HoldSyncApi['extend']} */
  extend(value) {
    this.#assertOpen()
    const more = quantity(value, 'value')
    return this.#kept(() => this.#core.ask('extendHold', [this.customer, this.entitlement, this.id, more]))
  }

  /** @type {HoldSyncApi['settle']} */
  settle(value = 0, given = {}) {
    this.#assertOpen()
    const { event, overhead } = options(given, 'options', RECORD_OPTIONS)
    const { customer, entitlement, id } = this
    const amount = value ?? 0
    return this.#kept(() => {
      const core = this.#core
      const recorded = record(core, 'settle', customer, entitlement, id, amount, event, overhead, null, null)
      this.#open = false
      return recorded
    })
  }

  /** @type {HoldSyncApi['release']} */
  release() {
    if (!this.#open) return false
    this.#open = false
    if (this.#core.closed) return false
    return this.#kept(() => release(this.#core, this.customer, this.entitlement, this.id))
  }

  [DISPOSE]() {
    this.release()
  }

  /**
   * @template T
   * @param {() => T} call
   * @returns {T}
   */
  #kept(call) {
    const { keeping } = this.#core
    if (keeping === null || !this.#blocks) return call()
    keeping.assertSync()
    try {
      return call()
    } finally {
      keeping.afterSync()
    }
  }

  #assertOpen() {
    if (!this.#open) throw new LimitrError('hold_ended', `the hold \`${this.id}\` has ended: reserve another`)
  }
}

/** See `Hold` in types/holds.d.ts. */
class Hold {
  #core
  #hold

  /**
   * @param {Core} core
   * @param {HoldSync} hold
   */
  constructor(core, hold) {
    this.#core = core
    this.#hold = hold
    this.customer = hold.customer
    this.entitlement = hold.entitlement
    this.id = hold.id
  }

  /** @type {HoldApi['consume']} */
  async consume(value, given) {
    if (this.#core.delivering) await null
    return this.#kept(() => this.#hold.consume(value, given))
  }

  /** @type {HoldApi['extend']} */
  async extend(value) {
    if (this.#core.delivering) await null
    return this.#kept(() => this.#hold.extend(value))
  }

  /** @type {HoldApi['settle']} */
  async settle(value, given) {
    if (this.#core.delivering) await null
    return this.#kept(() => this.#hold.settle(value, given))
  }

  /** @type {HoldApi['release']} */
  async release() {
    if (this.#core.delivering) await null
    return this.#kept(() => this.#hold.release())
  }

  async [ASYNC_DISPOSE]() {
    await this.release()
  }

  /**
   * @template T
   * @param {() => T} call
   */
  async #kept(call) {
    const { keeping } = this.#core
    if (keeping === null) return call()
    keeping.assertKept()
    try {
      return call()
    } finally {
      await keeping.after()
    }
  }
}

/**
 * @param {Core} core
 * @param {string} customer
 * @param {string} entitlement
 * @param {unknown} given
 * @param {boolean} blocks
 * @returns {HoldSync | null}
 */
function hold(core, customer, entitlement, given, blocks) {
  const id = reserve(core, customer, entitlement, given)
  return id === null ? null : new HoldSync(core, customer, entitlement, id, blocks)
}

module.exports = { Hold, hold, record, release, reserve }
