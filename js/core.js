// @ts-check

// One open engine, as the other parts of the facade share it: the doors to the binding, the engine's handle,
// what the names in answers are, and who listens.

const { LimitrError, errorFrom } = require('./errors.js')
const { placed, refused, withoutPlaces } = require('./documents.js')
const { FewHandles, Handles, RecentHandles } = require('./handles.js')

/** @typedef {import('../index').Diagnostic} Diagnostic */
/** @typedef {import('./documents.js').Document} Document */
/** @typedef {import('./options.js').OpenOptions} OpenOptions */
/** @typedef {import('./events.js').Entry} Entry */
/** @typedef {{ version: number, count: number, entitlements: string[], plans: string[], credits: string[] }} Names */

/**
 * The doors of a binding. Hot ones take a customer by handle (the native ones by name, too), an entitlement by handle and
 * numbers, and return a number.
 *
 * @typedef {object} Doors
 * @property {(document: string, format: string, options: string) => string} open
 * @property {(engine: number) => boolean} close
 * @property {(engine: number, on: boolean) => void} listen
 * @property {(engine: number, customer: number | string, entitlement: number, value: number) => number} allow of a call that says nothing else
 * @property {(engine: number, customer: number | string, count: number) => number} allowAll of plain calls, which stand where answers do: an entitlement and a value each
 * @property {(engine: number, customer: number | string, entitlement: number) => number} reserve of numbers that stand where answers do, as js/holds.js puts them
 * @property {(engine: number, customer: number | string, entitlement: number) => number} withHold the same
 * @property {(engine: number, customer: number | string, entitlement: number, value: number) => number} check
 * @property {(engine: number, customer: number | string, entitlement: number, value: number, flags: number, overhead: number) => number} allowWith
 * @property {(engine: number, customer: number | string, entitlement: number, value: number, flags: number, overhead: number) => number} checkWith
 * @property {(engine: number, customer: number | string, entitlement: number, flags: number) => number} increment
 * @property {(engine: number, customer: number | string, entitlement: number, flags: number) => number} decrement
 * @property {(engine: number, customer: number | string, entitlement: number, value: number) => number} decide
 * @property {(engine: number, customer: number | string, entitlement: number, value: number, flags: number, overhead: number) => number} decideWith
 * @property {(engine: number, customer: number | string, entitlement: number, value: number, flags: number, overhead: number, id: string) => number} decideOnce
 * @property {(engine: number, customer: number | string, entitlement: number, value: number, flags: number, overhead: number) => number} explainWith
 * @property {(engine: number, customer: number | string, entitlement: number, flags: number) => number} value
 * @property {(engine: number, customer: number | string, entitlement: number, flags: number) => number} read a number that the flags say
 * @property {(engine: number, handle: number, name: string) => void} customerName tells what a handle stands for
 * @property {(engine: number, handle: number, name: string) => void} entitlementName tells what a handle stands for
 * @property {() => string} lastError
 * @property {(engine: number) => number} nextEvent
 * @property {() => Float64Array} answer the numbers that `decide…`, `explainWith` and `nextEvent` left, until another door is called; those that `allowAll`, `reserve` and `withHold` are asked
 * @property {(engine: number) => string} eventText
 * @property {(engine: number) => string} names
 * @property {(engine: number, op: string, args: string) => string} call
 * @property {(engine: number) => number} seq
 * @property {(document: string, format: string, options: string) => Promise<string>} openRoom native only, as all that follow
 * @property {(engine: number) => Promise<string>} flush
 * @property {(engine: number) => string} flushNow
 * @property {(engine: number, query: string) => Promise<string>} history
 * @property {(path: string) => Promise<string>} repairStore
 * @property {(options: string, roots: string, tell: () => void) => Promise<string>} openCloud trusts whom the host trusts if `roots` is `host`
 */

/** How many names have a handle at a time. Of a native engine's customers few have, since their names can cross. */
const ENTITLEMENTS = 4_096
const CUSTOMERS = 65_536
const FEW_CUSTOMERS = 16_384

/** Frees the engine of an object that was dropped without being closed. Older Workers have no such registry. */
const dropped =
  typeof FinalizationRegistry === 'undefined'
    ? null
    : new FinalizationRegistry(
        /** @param {{ doors: Doors, engine: number }} held */ ({ doors, engine }) => {
          doors.close(engine)
        }
      )

class Core {
  /**
   * @param {Doors} doors
   * @param {import('../index').Backend} backend
   * @param {{ engine: number, diagnostics: Diagnostic[] }} opened
   */
  constructor(doors, backend, opened) {
    this.doors = doors
    this.backend = backend
    this.engine = opened.engine
    this.closed = false
    /** @type {readonly Diagnostic[]} */
    this.diagnostics = Object.freeze(opened.diagnostics)
    /** Names of customers, as they cross. */
    this.customers =
      backend === 'native'
        ? new FewHandles(FEW_CUSTOMERS, (handle, name) => doors.customerName(this.engine, handle, name))
        : new Handles(CUSTOMERS, (handle, name) => doors.customerName(this.engine, handle, name))
    /** Names of entitlements, as they cross. */
    this.entitlements = new RecentHandles(ENTITLEMENTS, (handle, name) =>
      doors.entitlementName(this.engine, handle, name)
    )
    /** @type {Names} */
    this.names = { version: -1, count: 0, entitlements: [], plans: [], credits: [] }
    /** What keeps what the engine does, if anything does. @type {import('./keeping.js').NativeKeeping | import('./keeping.js').AdapterKeeping | null} */
    this.keeping = null
    /** The functions that the policy carries, if it carries any. @type {import('./carried.js').Carried | null} */
    this.carried = null
    /** The `Limitr` that this is the engine of. @type {any} */
    this.facade = null
    /** What the app gave its functions to be called by the policy's. @type {Map<string, Map<string, Function>> | null} */
    this.libs = null
    /** The connection to Limitr Cloud, if there is one. @type {import('./cloud/link.js').Link | null} */
    this.cloud = null
    /** Whether a call was denied for want of units that the server may have. */
    this.isDry = false
    /** Whether what a call sends is kept back, since it may be decided anew. */
    this.withholding = false
    /** The threads that share the engine, if others may. @type {import('./audience.js').Audience | null} */
    this.audience = null

    /** Whether the engine builds events. @type {boolean} */
    this.listening = false
    /** Whether handlers are being called. @type {boolean} */
    this.delivering = false
    /** Never changed in place: a delivery goes through the list it began with. @type {readonly Entry[]} */
    this.handlers = []
    /** Events that happened and are to be delivered, oldest first. @type {import('../index').LimitrEvent[]} */
    this.waiting = []

    dropped?.register(this, { doors, engine: this.engine }, this)
  }

  /**
   * Opens an engine.
   *
   * @param {Doors} doors
   * @param {import('../index').Backend} backend
   * @param {Document} document
   * @param {OpenOptions} options
   */
  static open(doors, backend, document, options) {
    return new Core(doors, backend, opened(doors, document, options))
  }

  /**
   * Opens an engine that has a store of the binding, or that threads share.
   *
   * @param {Doors} doors
   * @param {import('../index').Backend} backend
   * @param {Document} document
   * @param {OpenOptions} options
   */
  static async openRoom(doors, backend, document, options) {
    if (document.problems.length > 0) opened(doors, document, { ...options, store: null, shared: null })
    const answer = await doors.openRoom(document.text, document.format, JSON.stringify(options))
    return new Core(doors, backend, openedWith(doors, document, answer))
  }

  /** Frees the engine. Twice does nothing. */
  close() {
    if (this.closed) return
    this.closed = true
    this.handlers = []
    this.listening = false
    this.audience?.close()
    dropped?.unregister(this)
    this.doors.close(this.engine)
  }

  /** Refuses what the facade does by itself once the engine is closed. */
  assertOpen() {
    if (this.closed) throw new LimitrError('closed', 'the engine is closed: open another with `Limitr.new`')
  }

  /**
   * Asks the engine for something that has no door of its own.
   *
   * @param {string} op
   * @param {readonly unknown[]} args
   * @returns {any}
   */
  ask(op, args) {
    const { value, error, told, dry } = JSON.parse(this.doors.call(this.engine, op, argumentText(args)))
    if (told) this.audience?.wake()
    if (dry) this.isDry = true
    if (error) throw errorFrom(error)
    return value
  }

  /** The error of the door that has just failed. */
  failure() {
    return errorFrom(JSON.parse(this.doors.lastError()))
  }

  /**
   * What the indexes in the answer that a door left mean, which go by a version of the policy. Records may have brought new names, so
   * that there are others of the same version.
   *
   * @param {number} versionAt where the answer says the version
   * @param {number} countAt where it says how many names there are
   * @returns {Names}
   */
  namesOf(versionAt, countAt) {
    const answer = this.doors.answer()
    if (this.names.version !== answer[versionAt] || this.names.count !== answer[countAt])
      this.names = JSON.parse(this.doors.names(this.engine))
    return this.names
  }

  /**
   * Refuses a document that holds what JSON can't, together with all that the engine finds wrong with it.
   *
   * @param {Document} document
   */
  assertReadable(document) {
    if (document.problems.length > 0)
      opened(this.doors, document, { validate: true, strict: false, clock: 0 })
  }
}

/**
 * @param {Doors} doors
 * @param {Document} document
 * @param {OpenOptions} options
 * @returns {{ engine: number, diagnostics: Diagnostic[] }}
 */
function opened(doors, document, options) {
  return openedWith(doors, document, doors.open(document.text, document.format, JSON.stringify(options)))
}

/**
 * @param {Doors} doors
 * @param {Document} document
 * @param {string} answer
 * @returns {{ engine: number, diagnostics: Diagnostic[] }}
 */
function openedWith(doors, document, answer) {
  const { value, error } = JSON.parse(answer)
  if (document.problems.length > 0) {
    if (value) doors.close(value.engine)
    const known = new Set(document.problems.map(({ path }) => path))
    const found = withoutPlaces(error?.diagnostics ?? []).filter(({ path }) => !known.has(path))
    throw refused([...document.problems, ...found])
  }
  if (error) throw documentError(document, errorFrom(error))
  return { engine: value.engine, diagnostics: placed(document, value.diagnostics) }
}

/**
 * What an engine refused a document with, placed in what the user wrote.
 *
 * @param {Document} document
 * @param {import('../index').LimitrError} error
 */
function documentError(document, error) {
  if (!error.diagnostics?.length || (!document.isObject && document.places === undefined)) return error
  return refused(placed(document, error.diagnostics), { code: error.code })
}

/** @param {readonly unknown[]} args */
function argumentText(args) {
  try {
    return JSON.stringify(args)
  } catch (cause) {
    throw new LimitrError('too_large', 'the arguments are too large for one call: use several', { cause })
  }
}

exports.Core = Core
exports.documentError = documentError
