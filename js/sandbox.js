// @ts-check

// One instance of the sandbox in which Stof runs (crates/stof), and what may be asked of it.
//
// 1. A request is JSON in the instance's memory; its answer is, too. Nothing else crosses, but the app's functions by name.
// 2. Each request has fuel: a count of instructions that the module takes off a global, and traps where it is spent. So no
//    clock is needed, and every host stops at the same place.
// 3. After a trap (no fuel, no memory, no stack, or a fault of the runtime) the memory can't be trusted: the instance is
//    dropped, and the next request gets a new one.

/** Fuel in a millisecond's work, as measured (docs/stof.md). */
const FUEL_PER_MS = 60_000
/** What a call of a function may take, in milliseconds' work. */
const CALL_MS = 50
/** What reading a document, or loading functions, may take: at least, for each character, and at most. */
const READ_MS = 300
const READ_MS_A_CHARACTER = 0.04
const READ_MS_MAX = 10_000

/**
 * What reading so much may take, in milliseconds' work.
 *
 * @param {number} length in characters
 */
function readMs(length) {
  return Math.min(READ_MS + Math.ceil(length * READ_MS_A_CHARACTER), READ_MS_MAX)
}

/** @typedef {(path: [string, string], args: unknown[]) => unknown} CallApp */

/**
 * @typedef {object} Exports
 * @property {WebAssembly.Memory} memory
 * @property {{ value: number }} fuel
 * @property {(length: number) => number} alloc
 * @property {(now: number) => number} run
 * @property {() => number} output
 */

const encoder = new TextEncoder()
const decoder = new TextDecoder()

class Sandbox {
  #module
  #callApp
  /** @type {Exports | null} */
  #exports = null
  #busy = false
  /** What the last request took, in milliseconds' work. */
  spentMs = 0

  /**
   * @param {WebAssembly.Module} module
   * @param {CallApp} [callApp]
   */
  constructor(module, callApp) {
    this.#module = module
    this.#callApp = callApp
  }

  /** Whether there is an instance that keeps what was loaded. */
  get alive() {
    return this.#exports !== null
  }

  /** Whether a request is under way. */
  get busy() {
    return this.#busy
  }

  /** Lets go of the instance, and of its memory. */
  drop() {
    this.#exports = null
  }

  /**
   * @param {Record<string, unknown>} request
   * @param {number} now
   * @param {number} ms how much work it may take
   * @returns {any}
   * @throws {SandboxError} what the request came to, if not to an answer
   */
  ask(request, now, ms) {
    if (this.#busy)
      throw new SandboxError('failed', 'a function is running: it can not be called from within')
    this.#busy = true
    let answer
    try {
      this.#exports ??= this.#instance()
      const { fuel, run } = this.#exports
      fuel.value = Math.ceil(ms * FUEL_PER_MS)
      this.#write(JSON.stringify(request))
      const length = run(now)
      this.spentMs = ms - fuel.value / FUEL_PER_MS
      answer = JSON.parse(decoder.decode(this.#bytes(this.#exports.output(), length)))
    } catch (error) {
      const reason = this.#reason(error, ms)
      this.#exports = null
      throw new SandboxError('failed', reason, { cause: error })
    } finally {
      this.#busy = false
    }
    if (answer.error) throw new SandboxError(answer.error.code, answer.error.message, answer.error)
    return answer.value
  }

  #instance() {
    const imports = {
      limitr: {
        call_app: (/** @type {number} */ at, /** @type {number} */ length) => this.#asked(at, length)
      }
    }
    return /** @type {Exports} */ (
      /** @type {unknown} */ (new WebAssembly.Instance(this.#module, imports).exports)
    )
  }

  /**
   * @param {number} at
   * @param {number} length
   */
  #bytes(at, length) {
    return new Uint8Array(/** @type {Exports} */ (this.#exports).memory.buffer, at, length)
  }

  /** @param {string} text */
  #write(text) {
    const bytes = encoder.encode(text)
    const at = /** @type {Exports} */ (this.#exports).alloc(bytes.length)
    this.#bytes(at, bytes.length).set(bytes)
    return bytes.length
  }

  /**
   * A function of the policy asks the app.
   *
   * @param {number} at
   * @param {number} length
   */
  #asked(at, length) {
    const { path, args } = JSON.parse(decoder.decode(this.#bytes(at, length)))
    let answer
    try {
      answer = JSON.stringify({ value: this.#callApp?.(path, args) ?? null })
    } catch (error) {
      answer = JSON.stringify({
        error: `\`${path.join('.')}\` failed: ${error instanceof Error ? error.message : error}`
      })
    }
    return this.#write(answer)
  }

  /**
   * @param {unknown} error
   * @param {number} ms
   */
  #reason(error, ms) {
    if (this.#exports !== null && this.#exports.fuel.value === 0)
      return `it was stopped after about ${Math.ceil(ms)} ms of work`
    if (error instanceof RangeError) return 'it ran out of stack'
    return `it ran out of memory or stack, or the runtime failed (${error instanceof Error ? error.message : error})`
  }
}

/** A request that came to nothing. */
class SandboxError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ cause?: unknown, line?: number | null, column?: number | null }} [about]
   */
  constructor(code, message, { cause, line = null, column = null } = {}) {
    super(message, { cause })
    this.code = code
    this.line = line
    this.column = column
  }
}

module.exports = { CALL_MS, Sandbox, SandboxError, readMs }
