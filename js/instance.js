// @ts-check

// One instance of the wasm module, for one engine: its memory is its own, so closing the engine lets go of all of it, and a
// trap in one engine leaves the others as they are.
//
// A trap (a panic, memory that ran out) ends the instance, since what its memory holds can't be trusted any more. The call
// that met it fails with `internal`, every later one with `engine_poisoned`.

const { LimitrError } = require('./errors.js')
// @ts-ignore: written by the build, which this check doesn't wait for
const glueOfInstance = require('../wasm/glue.js')

/** @typedef {(now: number, engine: number, customer: number | string, entitlement: number, value: number, flags: number, overhead: number) => number} Judging */
/** @typedef {(now: number, engine: number, customer: number | string, entitlement: number, value: number) => number} Plain */
/** @typedef {(now: number, engine: number, customer: number | string, entitlement: number, flags: number) => number} Stepping */

/**
 * What the module exports. Texts are left in its memory: a door answers their length in bytes.
 *
 * @typedef {object} Exports
 * @property {Plain} allow
 * @property {Plain} check
 * @property {(now: number, engine: number, customer: number | string, count: number) => number} allowAll
 * @property {(now: number, engine: number, customer: number | string, entitlement: number) => number} reserve
 * @property {(now: number, engine: number, customer: number | string, entitlement: number) => number} withHold
 * @property {Judging} allowWith
 * @property {Judging} checkWith
 * @property {Plain} decide
 * @property {Judging} decideWith
 * @property {Judging} explainWith
 * @property {Stepping} increment
 * @property {Stepping} decrement
 * @property {Stepping} value
 * @property {Stepping} read
 * @property {(engine: number) => number} nextEvent
 * @property {(engine: number) => number} close
 * @property {() => number} engines
 * @property {(engine: number, on: number) => number} listen
 * @property {(engine: number) => number} eventText
 * @property {(engine: number) => number} names
 * @property {() => number} lastError
 */

/**
 * What is read from the module's memory, and where.
 *
 * @typedef {object} Places
 * @property {WebAssembly.Memory} memory
 * @property {() => number} answerAt
 * @property {() => number} textAt
 * @property {() => void} dropText
 * @property {() => number} panicAt
 * @property {() => number} panicLength
 */

/**
 * The glue's own functions: those that take strings.
 *
 * @typedef {object} Glue
 * @property {(of: { module: WebAssembly.Module }) => Exports & Places} initSync
 * @property {(now: number, document: string, format: string, options: string, seed: number) => number} open
 * @property {(now: number, engine: number, op: string, args: string) => number} call
 * @property {(now: number, engine: number, customer: number | string, entitlement: number, value: number, flags: number, overhead: number, id: string) => number} decideOnce
 * @property {(engine: number, handle: number, name: string) => void} customerName
 * @property {(engine: number, handle: number, name: string) => void} entitlementName
 */

/** An error on its way to the facade. @typedef {{ code: import('../index').ErrorCode, message: string }} Failure */

/** How many numbers a whole answer has room for. */
const ANSWER_LENGTH = 32
/** A longer text is freed once it is read. */
const KEPT_TEXT_BYTES = 65_536
const MEBIBYTE = 1_048_576

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

class Instance {
  #places
  /** The memory as it was when last looked at: it moves when it grows. */
  #bytes = new Uint8Array(0)
  #answer = new Float64Array(0)
  /** Why nothing can be asked any more. @type {Failure | null} */
  #ended = null
  /** Why the last door failed. @type {Failure | null} */
  #failure = null

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    /** @type {Glue} */
    this.glue = glueOfInstance()
    const all = started(this.glue, module)
    this.#places = all
    /** @type {Exports} */
    this.exports = all
  }

  /**
   * The text that a door leaves. If it traps, the error in its place.
   *
   * @param {() => number} door what answers the text's length in bytes
   * @returns {string}
   */
  textOf(door) {
    let length = 0
    try {
      length = door()
    } catch (trap) {
      this.failed(trap, null)
      return JSON.stringify({ error: this.#failure })
    }
    const text = this.#read(this.#places.textAt(), length)
    if (length > KEPT_TEXT_BYTES) this.#places.dropText()
    return text
  }

  /** Where the last door left the numbers of a whole answer: to be read before another one is called, which may move the memory. */
  answer() {
    if (this.#answer.length === 0) this.#answer = this.#room()
    return this.#answer
  }

  /** Room for a whole answer: in the memory, or where nobody reads it once that is gone, since doors say so. */
  #room() {
    if (this.#ended !== null) return new Float64Array(ANSWER_LENGTH)
    const { memory, answerAt } = this.#places
    return new Float64Array(memory.buffer, answerAt(), ANSWER_LENGTH)
  }

  /**
   * Ends the instance for good and lets go of its memory.
   *
   * @param {Failure} why
   */
  end(why) {
    this.#ended = why
    this.#failure = why
    this.exports = /** @type {any} */ (ENDED)
    this.glue = /** @type {any} */ (ENDED)
    this.#places = /** @type {any} */ (ENDED)
    this.#bytes = new Uint8Array(0)
    this.#answer = new Float64Array(0)
  }

  /**
   * Takes in that a door threw, and gives what it answers then. The first trap ends the instance.
   *
   * @template T
   * @param {unknown} trap
   * @param {T} answer
   * @returns {T}
   */
  failed(trap, answer) {
    if (this.#ended !== null) {
      this.#failure = this.#ended
      return answer
    }
    const said = this.#lastWords(trap)
    this.end({
      code: 'engine_poisoned',
      message: `the engine met a defect (${said}) and its memory can't be trusted: open another with \`Limitr.new\``
    })
    const message = `the engine met a defect and was stopped: ${said}; please report what led here`
    this.#failure = { code: 'internal', message }
    return answer
  }

  /** The error of the door that failed last, as JSON. */
  lastError() {
    return this.#ended === null ? this.textOf(() => this.exports.lastError()) : JSON.stringify(this.#failure)
  }

  /**
   * What a panic said; else what the host says of the trap, and how much memory there was, since that may have run out.
   *
   * @param {unknown} trap
   */
  #lastWords(trap) {
    try {
      const length = this.#places.panicLength()
      if (length > 0) return this.#read(this.#places.panicAt(), length).replace(/\s+/g, ' ')
      const mebibytes = Math.round(this.#places.memory.buffer.byteLength / MEBIBYTE)
      return `${trap instanceof Error ? trap.message : trap}, with ${mebibytes} MiB of memory`
    } catch {
      return String(trap)
    }
  }

  /**
   * @param {number} at an address, signed as all that comes out of wasm
   * @param {number} length
   */
  #read(at, length) {
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.#places.memory.buffer)
    return decoder.decode(this.#bytes.subarray(at >>> 0, (at >>> 0) + length))
  }
}

/**
 * @param {Glue} glue
 * @param {WebAssembly.Module} module
 */
function started(glue, module) {
  try {
    return glue.initSync({ module })
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new LimitrError('too_many', 'there is no memory for another engine: close some', { cause })
    const message =
      "the module isn't the wasm/limitr.wasm of this version of limitr: load it from the same package"
    throw new LimitrError('not_supported', message, { cause })
  }
}

/** What takes the place of everything that could be called: it throws, into the same `catch` as a trap. */
const ENDED = new Proxy({}, { get: () => throwEnded })

function throwEnded() {
  throw new Error('ended')
}

module.exports = { Instance }
