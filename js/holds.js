// @ts-check

// Holds: room reserved for a call whose size isn't known yet, and the objects that keep it.

const {
  isObject,
  lookup,
  optionalDuration,
  optionalName,
  optionalNumber,
  optionalQuantity,
  options,
  quantity
} = require('./arguments.js')
const { costed } = require('./costing.js')
const { LimitrError } = require('./errors.js')
const { LIKENESS, likenessOf } = require('./estimates.js')
const { dataOf, moved, sending, settled } = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../index').HoldSync} HoldSyncApi */
/** @typedef {import('../index').Hold} HoldApi */

/** The keys that `using` and `await using` look for, also where the host doesn't have them yet. */
const DISPOSE = /** @type {typeof Symbol.dispose} */ (Symbol.dispose ?? Symbol.for('Symbol.dispose'))
const ASYNC_DISPOSE = /** @type {typeof Symbol.asyncDispose} */ (
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')
)

const RESERVING = /** @type {const} */ ('reserve')
const RESERVE_OPTIONS = ['value', 'ttl', 'overhead', ...LIKENESS]

/** What is done with a hold, as it crosses; src/wire/holds.rs knows, too. */
const ACTS = { settle: 0, consumeHold: 1, extendHold: 2, release: 3 }

/** @typedef {keyof typeof ACTS} Act */

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} given
 * @returns {string | null}
 */
function reserve(core, customer, entitlement, given) {
  const id = lookup(customer, 'customer')
  const feature = lookup(entitlement, 'entitlement')
  const option = options(given, 'options', RESERVE_OPTIONS)
  const value = optionalQuantity(option.value, 'options.value')
  const ttl = optionalDuration(option.ttl, 'options.ttl')
  const overhead = optionalNumber(option.overhead, 'options.overhead')
  const like = likenessOf(option)
  if (core.carried === null) return reserved(core, id, feature, value, ttl, overhead, like)
  const asking = { entitlement: feature, way: RESERVING, value: { value, ttl, overhead, ...like } }
  return costed(core, overhead, id, asking, like.context, (cost) =>
    reserved(core, id, feature, value, ttl, cost, like)
  )
}

/**
 * What is said in numbers alone crosses as numbers.
 *
 * @param {Core} core
 * @param {string} customer
 * @param {string} entitlement
 * @param {number | string | null} value
 * @param {number | string | null} ttl
 * @param {number | null} overhead
 * @param {ReturnType<typeof likenessOf>} like
 * @returns {string | null}
 */
function reserved(core, customer, entitlement, value, ttl, overhead, like) {
  const { basis, segment, quantile, context } = like
  if (typeof value === 'string' || segment !== null || quantile !== null || context !== null)
    return core.ask('reserve', [customer, entitlement, { value, ttl, overhead, ...like }])
  const stands = ttl === null ? Number.NaN : milliseconds(core, ttl)
  const [who, what] = [core.customers.of(customer), core.entitlements.of(entitlement)]
  const numbers = core.doors.answer() // last: where a name is told, memory may move
  numbers[0] = value ?? Number.NaN
  numbers[1] = stands
  numbers[2] = overhead ?? Number.NaN
  numbers[3] = basis ?? Number.NaN
  const answer = core.doors.reserve(core.engine, who, what)
  const hold = answer > 0 ? core.doors.answer()[0] : 0
  return settled(core, answer, customer, null) ? `${PREFIX}${hold}` : null
}

/** Durations that were read before, in milliseconds: an app says few. @type {Map<number | string, number>} */
const read = new Map()
const READ_MAX = 64

/**
 * @param {Core} core
 * @param {number | string} ttl
 * @returns {number}
 */
function milliseconds(core, ttl) {
  if (Number.isSafeInteger(ttl)) return Number(ttl)
  const known = read.get(ttl)
  if (known !== undefined) return known
  const found = core.ask('ttl', [ttl])
  if (read.size === READ_MAX) read.clear()
  read.set(ttl, found)
  return found
}

const PREFIX = 'hold_'
const HOLD_ID = /^hold_\d+$/

/**
 * The number of a hold; NaN for text that is no hold's ID.
 *
 * @param {string} id
 */
function numberOf(id) {
  return HOLD_ID.test(id) ? Number(id.slice(PREFIX.length)) : Number.NaN
}

/**
 * Does something with a hold, in numbers alone.
 *
 * @param {Core} core
 * @param {Act} act
 * @param {string} customer
 * @param {string} entitlement
 * @param {string | null} hold
 * @param {number} value
 * @param {number | null} overhead
 * @param {boolean} send
 * @param {number | null} basis
 * @param {object | null} data for events
 * @returns {boolean}
 */
function withHold(core, act, customer, entitlement, hold, value, overhead, send, basis, data) {
  const [who, what] = [core.customers.of(customer), core.entitlements.of(entitlement)]
  const numbers = core.doors.answer() // last: where a name is told, memory may move
  numbers[0] = ACTS[act]
  numbers[1] = hold === null ? Number.NaN : numberOf(hold)
  numbers[2] = value
  numbers[3] = overhead ?? Number.NaN
  numbers[4] = send ? 1 : 0
  numbers[5] = basis ?? Number.NaN
  return settled(core, core.doors.withHold(core.engine, who, what), customer, data)
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
 * @param {object | null} [context] the call's data, where the event has none
 * @returns {boolean}
 */
function record(
  core,
  op,
  customer,
  entitlement,
  hold,
  value,
  event,
  overhead,
  basis,
  segment,
  context = null
) {
  const id = lookup(customer, 'customer')
  const feature = lookup(entitlement, 'entitlement')
  const ending = hold === undefined || hold === null ? null : lookup(hold, 'hold')
  const used = quantity(value, 'value')
  const [send, data] = [sending(event) !== 0, dataOf(event)]
  const given = optionalNumber(overhead, 'overhead')
  const like = { basis: optionalNumber(basis, 'basis'), segment: optionalName(segment, 'segment') }
  const asking = { entitlement: feature, way: /** @type {const} */ ('by'), value: used }
  return costed(core, given, id, asking, data ?? context, (cost) =>
    typeof used === 'number' && like.segment === null
      ? withHold(core, op, id, feature, ending, used, cost, send, like.basis, data)
      : moved(core, op, [id, feature, ending, used, send, cost, like], id, data)
  )
}

/**
 * More room for a hold, which costs more where the credit's function says what.
 *
 * @param {Core} core
 * @param {HoldSync} hold
 * @param {object | null} context
 * @param {number | string} more
 * @returns {boolean}
 */
function extend(core, { customer, entitlement, id }, context, more) {
  return costed(core, null, customer, { entitlement, way: 'by', value: more }, context, (cost, found) => {
    const overhead = cost ?? (found?.failed ? found.overhead : null)
    return typeof more === 'number'
      ? withHold(core, 'extendHold', customer, entitlement, id, more, overhead, false, null, null)
      : core.ask('extendHold', [customer, entitlement, id, more, false, overhead])
  })
}

/**
 * @param {Core} core
 * @param {unknown} customer
 * @param {unknown} entitlement
 * @param {unknown} hold
 * @returns {boolean}
 */
function release(core, customer, entitlement, hold) {
  const [id, feature] = [lookup(customer, 'customer'), lookup(entitlement, 'entitlement')]
  return withHold(core, 'release', id, feature, lookup(hold, 'hold'), 0, null, false, null, null)
}

const RECORD_OPTIONS = ['event', 'overhead']

/** See `HoldSync` in types/holds.d.ts. */
class HoldSync {
  #core
  #blocks
  #context
  #open = true

  /**
   * @param {Core} core
   * @param {string} customer
   * @param {string} entitlement
   * @param {string} id
   * @param {boolean} blocks whether its calls wait for a strict store, as those without promises do
   * @param {object | null} context the call's data
   */
  constructor(core, customer, entitlement, id, blocks, context) {
    this.#core = core
    this.#blocks = blocks
    this.#context = context
    this.customer = customer
    this.entitlement = entitlement
    this.id = id
  }

  /** @type {HoldSyncApi['consume']} */
  consume(value, given) {
    this.#assertOpen()
    const { event, overhead } = options(given, 'options', RECORD_OPTIONS)
    return this.#kept(() => this.#record('consumeHold', value, event, overhead))
  }

  /** @type {HoldSyncApi['extend']} */
  extend(value) {
    this.#assertOpen()
    const more = quantity(value, 'value')
    return this.#kept(() => extend(this.#core, this, this.#context, more))
  }

  /** @type {HoldSyncApi['settle']} */
  settle(value = 0, given = {}) {
    this.#assertOpen()
    const { event, overhead } = options(given, 'options', RECORD_OPTIONS)
    return this.#kept(() => {
      const recorded = this.#record('settle', value ?? 0, event, overhead)
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
   * @param {'settle' | 'consumeHold'} op
   * @param {unknown} value
   * @param {unknown} event
   * @param {unknown} overhead
   */
  #record(op, value, event, overhead) {
    const [core, { customer, entitlement, id }] = [this.#core, this]
    const context = this.#context
    return record(core, op, customer, entitlement, id, value, event, overhead, null, null, context)
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
  if (id === null) return null
  const { context } = options(given, 'options', RESERVE_OPTIONS)
  return new HoldSync(core, customer, entitlement, id, blocks, isObject(context) ? context : null)
}

module.exports = { Hold, hold, record, release, reserve }
