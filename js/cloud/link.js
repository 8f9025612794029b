// @ts-check

// What the facade knows of an engine's connection: how it stands, which customers are here, and who waits for what. The engine says
// what is new; which driver carries it to the server is unknown here.
//
// 1. A customer is asked for once: whoever needs it meanwhile waits for the same answer. What it refers to comes with it.
// 2. Nobody waits longer than a time, and nobody at all while the server can't be reached: then a call is decided with what is here.
// 3. What the server hasn't isn't asked for again for a second, since calls of an unknown customer may come many at a time.

const { LimitrError, errorFrom } = require('../errors.js')

/** @typedef {import('../core.js').Core} Core */
/** @typedef {import('./options.js').CloudOptions} CloudOptions */
/** @typedef {import('../../types/cloud').CloudStatus} CloudStatus */
/** @typedef {{ status?: CloudStatus['state'], error?: { code: string, message: string }, policy?: number, customer?: string, found?: boolean, refused?: { code: string, message: string }, decide?: number, sent?: boolean, closed?: boolean }} News */

/**
 * What carries frames: natively a thread of the binding, in wasm the host's WebSocket.
 *
 * @typedef {object} Driver
 * @property {(atOnce: boolean) => void} stir tells it that calls may have left something to send; at once where somebody waits
 * @property {() => void} stop ends it at once
 */

/** How long nobody asks again for a customer that the server hasn't, in milliseconds. */
const MISSING_MS = 1_000
/** Most of those that are remembered. */
const MISSING_MAX = 10_000
/** How often it is looked whether the server has everything, though it was told, in milliseconds. */
const SENT_MS = 1_000
/** How long `close` waits for the server to have everything, in milliseconds. */
const CLOSE_MS = 5_000

class Link {
  /** @type {CloudStatus} */
  status = Object.freeze({ state: 'connecting', error: null, policyVersion: null })
  /** @type {Driver | null} */
  driver = null
  /** Whether the driver is to be told of the next call: one that has to be, and wasn't since it looked last. */
  stirs = false
  /** @type {Set<string>} */
  #known = new Set()
  /** When the server said that it hasn't a customer. @type {Map<string, number>} */
  #missing = new Map()
  /** @type {Map<string, Wait>} */
  #loading = new Map()
  /** Calls that wait for units, by their numbers. @type {Map<number, Wait>} */
  #deciding = new Map()
  /** @type {Wait | null} */
  #sent = null
  /** @type {Wait | null} */
  #closed = null
  /** Why the server couldn't be reached last, as far as the driver tells. @type {unknown} */
  trouble
  /** Called at every change of the status. @type {Set<() => void>} */
  #watchers = new Set()

  /**
   * @param {Core} core
   * @param {CloudOptions} options
   */
  constructor(core, options) {
    this.core = core
    this.options = options
  }

  /** Takes what is new. */
  take() {
    if (this.core.closed) return
    /** @type {News[]} */
    let all
    try {
      all = this.core.ask('cloudNews', [])
    } catch {
      return this.#letGo() // the engine met a defect: its calls say so
    }
    for (const news of all) this.#hear(news)
  }

  /** Has the driver see to what a call left. */
  stir() {
    if (this.stirs) this.driver?.stir(false)
  }

  /** Has the driver see to what somebody waits for. */
  #hurry() {
    this.driver?.stir(true)
  }

  /** @param {News} news */
  #hear(news) {
    if (news.customer !== undefined) return this.#arrived(news.customer, news)
    if (news.decide !== undefined) return this.#deciding.get(news.decide)?.end()
    if (news.sent) return this.#sent?.end()
    if (news.closed) return this.#closed?.end()
    const { state, error, policyVersion } = this.status
    this.#turn({
      state: news.status ?? state,
      error: news.status === undefined ? error : news.error ? errorFrom(news.error) : null,
      policyVersion: news.policy ?? policyVersion
    })
  }

  /** @param {CloudStatus} status */
  #turn(status) {
    this.status = Object.freeze(status)
    if (status.state !== 'online') this.#letGo()
    for (const watch of [...this.#watchers]) watch()
    try {
      const result = /** @type {any} */ (this.options.onStatus?.(this.status))
      if (typeof result?.then === 'function') result.then(undefined, warn)
    } catch (error) {
      warn(error)
    }
  }

  /** Nobody waits for a server that can't be reached. */
  #letGo() {
    for (const wait of [...this.#loading.values(), ...this.#deciding.values()]) wait.end()
    this.#sent?.end()
  }

  /**
   * Waits until `holds` is true of the status.
   *
   * @param {() => boolean} holds
   * @param {number} most in milliseconds
   */
  async until(holds, most) {
    if (holds()) return
    const wait = new Wait(most)
    const watch = () => holds() && wait.end()
    this.#watchers.add(watch)
    await wait.over
    this.#watchers.delete(watch)
  }

  /**
   * Whether nothing is to be asked about a customer.
   *
   * @param {unknown} id
   */
  knows(id) {
    return typeof id !== 'string' || this.#known.has(id)
  }

  /**
   * Whether the server is to be asked for a customer: it isn't here under any of its IDs.
   *
   * @param {string} id
   */
  #lacks(id) {
    if (this.#known.has(id)) return false
    if (id === '' || !id.isWellFormed() || Date.now() - (this.#missing.get(id) ?? 0) < MISSING_MS)
      return false
    if (this.core.ask('customer', [id]) === null) return true
    this.#known.add(id)
    return false
  }

  /**
   * Asks for a customer that isn't here, and doesn't wait.
   *
   * @param {string} id
   */
  want(id) {
    if (this.core.closed || this.#loading.has(id) || !this.#lacks(id)) return
    this.#request(id, 'cloudLoad', [id])
  }

  /**
   * Waits until a customer is here, and what it refers to, if the server has it.
   *
   * @param {string} id
   */
  async load(id) {
    this.want(id)
    await this.#loading.get(id)?.over
  }

  /**
   * Has the server create a customer unless it has it; whether it is here then.
   *
   * @param {string} id
   * @param {readonly unknown[]} profile
   * @returns {Promise<boolean>}
   */
  async ensure(id, profile) {
    await this.#loading.get(id)?.over
    if (this.core.ask('customer', [id]) !== null) return true
    this.#missing.delete(id)
    const wait = this.#request(id, 'cloudEnsure', profile)
    await wait.over
    if (wait.failure !== null) throw wait.failure
    return this.#known.has(id)
  }

  /**
   * @param {string} id
   * @param {string} op
   * @param {readonly unknown[]} args
   */
  #request(id, op, args) {
    const wait = new Wait(this.options.connectTimeout)
    this.#loading.set(id, wait)
    wait.over.then(() => {
      if (this.#loading.get(id) === wait) this.#loading.delete(id)
    })
    this.core.ask(op, args)
    this.#hurry()
    if (this.status.state !== 'online') wait.end() // it is asked for once there is a server
    return wait
  }

  /**
   * @param {string} id
   * @param {News} news
   */
  async #arrived(id, { found, refused }) {
    const wait = this.#loading.get(id)
    if (refused && wait) wait.failure = errorFrom(/** @type {any} */ (refused))
    if (found) {
      this.#missing.delete(id)
      this.#known.add(id)
      await Promise.all(
        (this.core.closed ? [] : (this.core.ask('customerRefs', [id]) ?? [])).map(
          (/** @type {string} */ ref) => this.load(ref)
        )
      )
    } else {
      if (this.#missing.size >= MISSING_MAX) this.#missing.clear()
      this.#missing.set(id, Date.now())
    }
    wait?.end()
  }

  /** Waits for the units that the last call lacked; whether it is worth to decide it anew. @returns {Promise<boolean>} */
  async units() {
    const number = this.core.ask('cloudAwait', [])
    if (number === null) return false
    // The engine's side ends the wait in time; this one keeps the process alive for it.
    const wait = new Wait(this.options.leaseTimeout + 1_000)
    this.#deciding.set(number, wait)
    this.#hurry()
    await wait.over
    this.#deciding.delete(number)
    return !this.core.closed
  }

  /** Resolves once the server has everything that was done by now. */
  async flush() {
    while (!this.core.closed && !this.core.ask('cloudSent', [])) {
      if (this.status.state !== 'online') throw unreachable()
      this.#sent ??= new Wait(SENT_MS)
      const wait = this.#sent
      this.#hurry()
      await wait.over
      if (this.#sent === wait) this.#sent = null
    }
  }

  /** Sends everything, returns what was leased, and ends the connection; not longer than a time. */
  async close() {
    if (this.core.closed || this.#closed) return this.#closed?.over
    this.#closed = new Wait(CLOSE_MS)
    this.core.ask('cloudClose', [])
    this.#hurry()
    await this.#closed.over
    this.driver?.stop()
    if (this.status.state !== 'closed') this.#turn({ ...this.status, state: 'closed' })
  }
}

/** Something that is waited for, not longer than a time. The timer keeps the process alive meanwhile. */
class Wait {
  /** @type {LimitrError | null} */
  failure = null
  #timer
  /** @type {() => void} */
  #resolve = () => {}

  /** @param {number} most in milliseconds */
  constructor(most) {
    /** @type {Promise<void>} */
    this.over = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#timer = setTimeout(() => this.#resolve(), most)
  }

  end() {
    clearTimeout(this.#timer)
    this.#resolve()
  }
}

function unreachable() {
  return new LimitrError(
    'unreachable',
    "the server of Limitr Cloud can't be reached: what was done is sent once it is back"
  )
}

/** @param {unknown} error */
function warn(error) {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  globalThis.process?.emitWarning?.(`\`onStatus\` failed: ${what}`, 'LimitrHandlerWarning')
}

module.exports = { Link }
