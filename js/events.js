// @ts-check

// Delivers events.
//
// 1. While nobody listens the engine builds no event; `listen` says so whenever the first handler comes or the last goes.
// 2. When a door returns with events waiting, all of them are taken from the engine at once and made into objects (those
//    of a type that nobody hears are dropped), behind the events that are still being delivered.
// 3. Then they are delivered, oldest first, each to every handler in the order the handlers were added. Handlers are
//    called, not awaited. A call that a handler makes through `sync` runs at once and adds its events to the end; the
//    delivery that is under way brings them.
// 4. A handler that throws or rejects becomes a `handler-error` event for the other handlers. A failure on that event is
//    not reported again. Where nobody can hear of it, it becomes a process warning.

const { newName } = require('./arguments.js')
const { errorFrom, unknownWord, wrongType } = require('./errors.js')
const { EVENT_TYPES, METER_TYPES, TEXT_KIND, meterEvent, recordEvent } = require('./payloads.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../index').LimitrEvent} LimitrEvent */
/** @typedef {import('../index').EventType} EventType */

/**
 * A handler: of every event under a name (`type` is null), or of one type without one.
 *
 * @typedef {{ name: string | null, type: EventType | null, handler: Function, active: boolean, carried?: boolean }} Entry
 */

/**
 * @param {Core} core
 * @param {unknown} name
 * @param {unknown} handler
 */
function addHandler(core, name, handler) {
  core.assertOpen()
  const key = newName(name, 'name')
  if (typeof handler !== 'function') throw wrongType('handler', 'a function', handler)
  /** @type {Entry} */
  const entry = { name: key, type: null, handler, active: true }
  const place = core.handlers.findIndex((other) => other.name === key)
  if (place < 0) return listenWith(core, [...core.handlers, entry])
  core.handlers[place].active = false
  listenWith(core, core.handlers.with(place, entry))
}

/**
 * A type of event that can happen: one that always can, or a notification of the policy.
 *
 * @param {Core} core
 * @param {string} type
 * @returns {EventType}
 */
function typeOf(core, type) {
  const known = EVENT_TYPES.find((one) => one === type)
  if (known !== undefined) return known
  const own = Object.keys(core.ask('policy', [null]).policy.notifications ?? {})
  if (!own.includes(type)) throw unknownWord('event type', type, [...EVENT_TYPES, ...own])
  return /** @type {any} */ (type)
}

/**
 * @param {Core} core
 * @param {unknown} type
 * @param {unknown} handler
 * @returns {() => boolean}
 */
function on(core, type, handler) {
  core.assertOpen()
  if (typeof type !== 'string') throw wrongType('type', 'a string', type)
  const known = typeOf(core, type)
  if (typeof handler !== 'function') throw wrongType('handler', 'a function', handler)
  /** @type {Entry} */
  const entry = { name: null, type: known, handler, active: true }
  listenWith(core, [...core.handlers, entry])
  return () => remove(core, entry)
}

/**
 * @param {Core} core
 * @param {unknown} name
 */
function removeHandler(core, name) {
  if (typeof name !== 'string') throw wrongType('name', 'a string', name)
  const entry = core.handlers.find((other) => other.name === name)
  return entry !== undefined && remove(core, entry)
}

/** @param {Core} core */
function clearHandlers(core) {
  for (const entry of core.handlers) if (!entry.carried) entry.active = false
  listenWith(
    core,
    core.handlers.filter(({ carried }) => carried)
  )
}

/**
 * Has events heard by the functions that the policy carries, before any handler; null: by none.
 *
 * @param {Core} core
 * @param {((type: string, event: any) => void) | null} handler
 */
function carry(core, handler) {
  const others = core.handlers.filter(({ carried }) => !carried)
  if (handler === null) return others.length < core.handlers.length && listenWith(core, others)
  /** @type {Entry} */
  const entry = { name: null, type: null, handler, active: true, carried: true }
  listenWith(core, [entry, ...others])
}

/**
 * Sends an event that the facade makes.
 *
 * @param {Core} core
 * @param {any} event
 */
function send(core, event) {
  deliver(core, event)
}

/**
 * Does something during which calls with promises wait, as they do while handlers are called; what calls without promises tell is
 * delivered after it.
 *
 * @template T
 * @param {Core} core
 * @param {() => T} work
 * @returns {T}
 */
function withoutCalls(core, work) {
  if (core.delivering) return work()
  core.delivering = true
  try {
    return work()
  } finally {
    core.delivering = false
    deliver(core)
  }
}

/**
 * @param {Core} core
 * @param {Entry} entry
 */
function remove(core, entry) {
  if (!entry.active) return false
  entry.active = false
  if (core.closed) return false
  listenWith(
    core,
    core.handlers.filter((other) => other !== entry)
  )
  return true
}

/**
 * Takes a new list of handlers, and has the engine build events or not.
 *
 * @param {Core} core
 * @param {readonly Entry[]} handlers
 */
function listenWith(core, handlers) {
  core.handlers = handlers
  const listening = handlers.some(({ type }) => type !== 'handler-error')
  if (listening === core.listening || core.closed) return
  core.listening = listening
  core.doors.listen(core.engine, listening)
}

/**
 * Whether a handler would be called for an event of that type.
 *
 * @param {Core} core
 * @param {EventType} type
 */
function isHeard(core, type) {
  return core.handlers.some((entry) => entry.type === null || entry.type === type)
}

/** What `nextEvent` answers: the kind of the event, whether more wait, and whether another thread's call caused it. */
const KIND = 15
const MORE_WAIT = 16
const FOREIGN = 32

/** Events that another thread's call caused. @type {WeakSet<LimitrEvent>} */
const foreign = new WeakSet()

/** @param {LimitrEvent} event */
function isForeign(event) {
  return foreign.has(event)
}

/**
 * Takes the events that wait in the engine, and delivers them unless that is under way.
 *
 * @param {Core} core
 * @param {string} customer the ID that the call was made with
 * @param {object | null} eventData
 * @param {number} first what `nextEvent` answered of the first, or 0
 */
function takeEvents(core, customer, eventData, first) {
  let taken = first || core.doors.nextEvent(core.engine)
  for (;;) {
    const isLast = !(taken & MORE_WAIT)
    const event = heardEvent(core, taken, customer, eventData)
    if (event !== null && taken & FOREIGN) foreign.add(event)
    if (isLast) return deliver(core, event)
    if (event !== null) core.waiting.push(event)
    taken = core.doors.nextEvent(core.engine)
  }
}

/**
 * The event that was taken from the engine; null: nobody hears it.
 *
 * @param {Core} core
 * @param {number} taken what `nextEvent` answered
 * @param {string} customer
 * @param {object | null} eventData
 * @returns {LimitrEvent | null}
 */
function heardEvent(core, taken, customer, eventData) {
  const kind = taken & KIND
  const data = taken & FOREIGN ? null : eventData
  if (kind === 0) return null
  if (kind !== TEXT_KIND) {
    const heard = isHeard(core, /** @type {EventType} */ (METER_TYPES[kind]))
    return heard ? meterEvent(core, kind, customer, data) : null
  }
  const event = JSON.parse(core.doors.eventText(core.engine))
  if (event.type === 'store-error') return storeError(core, errorFrom(event.error))
  return isHeard(core, event.type) ? recordEvent(core, event, data) : null
}

/**
 * The event that says that nothing more is saved. Where nobody hears it, it becomes a process warning, and null.
 *
 * @param {Core} core
 * @param {import('../index').LimitrError} error
 * @returns {LimitrEvent | null}
 */
function storeError(core, error) {
  if (isHeard(core, 'store-error')) return { type: 'store-error', error }
  globalThis.process?.emitWarning?.(error.message, 'LimitrStoreWarning')
  return null
}

/**
 * Says that nothing more is saved.
 *
 * @param {Core} core
 * @param {import('../index').LimitrError} error
 */
function storeFailed(core, error) {
  deliver(core, storeError(core, error))
}

/**
 * Delivers what waits, and `last` after it, unless that is under way: then it waits, too.
 *
 * @param {Core} core
 * @param {LimitrEvent | null} last
 */
function deliver(core, last = null) {
  const { waiting } = core
  const mustWait = core.delivering || core.withholding
  // Most come alone, and needn't be put into the queue and taken out again.
  const alone = mustWait || waiting.length > 0 ? null : last
  if (last !== alone) waiting.push(/** @type {LimitrEvent} */ (last))
  if (mustWait || (alone === null && waiting.length === 0)) return
  core.delivering = true
  try {
    if (alone !== null) deliverOne(core, alone)
    for (let next = 0; next < waiting.length; next++) deliverOne(core, waiting[next])
  } finally {
    while (waiting.length > 0) waiting.pop() // a new list would have to grow again
    core.delivering = false
  }
}

/**
 * @param {Core} core
 * @param {LimitrEvent} event
 */
function deliverOne(core, event) {
  const own = core.carried?.fires(event.type) ?? false
  for (const entry of core.handlers) {
    if (own && !entry.carried) continue
    if (!entry.active || (entry.type !== null && entry.type !== event.type)) continue
    if (event.type === 'handler-error' && failures.get(event) === entry) continue
    try {
      const result = entry.type === null ? entry.handler(event.type, event) : entry.handler(event)
      if (typeof result?.then === 'function') watch(core, entry, event.type, result)
    } catch (error) {
      report(core, entry, event.type, error)
    }
  }
}

/**
 * Tells of the failure of a handler that is awaited.
 *
 * @param {Core} core
 * @param {Entry} entry
 * @param {EventType} type
 * @param {PromiseLike<unknown>} result
 */
function watch(core, entry, type, result) {
  result.then(undefined, (error) => report(core, entry, type, error))
}

/** Whose failure a `handler-error` event tells of: it isn't told of it itself. @type {WeakMap<LimitrEvent, Entry>} */
const failures = new WeakMap()

/**
 * Tells the other handlers that one failed.
 *
 * @param {Core} core
 * @param {Entry} entry
 * @param {EventType} type
 * @param {unknown} error
 */
function report(core, entry, type, error) {
  if (type === 'handler-error') return
  const others = core.handlers.some(
    (other) => other !== entry && (other.type === null || other.type === 'handler-error')
  )
  if (!others) return warn(entry, type, error)
  /** @type {LimitrEvent} */
  const event = { type: 'handler-error', handler: entry.name, event_type: type, error }
  failures.set(event, entry)
  deliver(core, event)
}

/**
 * @param {Entry} entry
 * @param {EventType} type
 * @param {unknown} error
 */
function warn(entry, type, error) {
  const who = entry.name === null ? 'a handler' : `the handler \`${entry.name}\``
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  globalThis.process?.emitWarning?.(`${who} failed on \`${type}\`: ${what}`, 'LimitrHandlerWarning')
}

module.exports = {
  addHandler,
  carry,
  clearHandlers,
  deliver,
  isForeign,
  on,
  removeHandler,
  send,
  storeFailed,
  takeEvents,
  withoutCalls
}
