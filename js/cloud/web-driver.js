// @ts-check

// Carries frames between an engine in wasm and its server, through the host's WebSocket. It does what the engine's side of Cloud asks for,
// and tells it what came of it; it decides nothing.
//
// 1. A WebSocket of a browser sends no headers, so a ticket goes into its address: the app gives it, or it is had for the token. It is
//    good for a minute and once, so each connection has another, and where there is no token each policy that is fetched, too.
// 2. What calls left is taken after a few milliseconds, for all of them at once, and at once where somebody waits.

const { LimitrError, wrongType } = require('../errors.js')

/** @typedef {import('../core.js').Core} Core */
/** @typedef {import('./link.js').Link} Link */
/** @typedef {import('./options.js').CloudOptions} CloudOptions */
/** @typedef {{ do: 'connect' } | { do: 'send', text: string } | { do: 'disconnect' } | { do: 'fetch', version: number, url: string } | { do: 'end' }} Task */
/** @typedef {{ tasks: Task[], next: number | null, news: boolean }} Work */

const SUBPROTOCOL = 'limitr.v1'
/** How long calls are gathered, in milliseconds. */
const GATHER_MS = 5
/** How long a connection may take to open, or a document to come, in milliseconds. */
const PATIENCE_MS = 10_000
/** The longest wait until the engine's side is asked again, in milliseconds. */
const IDLE_MS = 60_000
/** Codes of a server that refuses for good. */
const REFUSALS = ['unauthorized', 'revoked', 'version_unsupported']
/** Its code for a ticket that another one mends. */
const STALE = 'stale_ticket'

/** @typedef {import('./link.js').Driver} Driver */

/** @implements {Driver} */
class WebDriver {
  /** @type {WebSocket | null} */
  #socket = null
  /** Counts connections: what comes of an earlier one is nobody's. */
  #attempt = 0
  /** When the engine's side is due. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #ended = false

  /**
   * @param {Core} core
   * @param {Link} link
   * @param {CloudOptions} options
   */
  constructor(core, link, options) {
    this.core = core
    this.link = link
    this.options = options
    link.stirs = true
  }

  /** @param {boolean} atOnce */
  stir(atOnce) {
    this.link.stirs = false // until then, calls are gathered
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#say('tick'), atOnce ? 0 : GATHER_MS)
  }

  stop() {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#hangUp()
  }

  /**
   * Tells the engine's side something, and does what it asks for.
   *
   * @param {string} what
   * @param {...unknown} details
   */
  #say(what, ...details) {
    if (this.#ended) return
    if (this.core.closed) return this.stop()
    clearTimeout(this.#timer)
    this.link.stirs = true
    /** @type {Work} */
    let work
    try {
      work = this.core.ask('cloud', [what, ...details])
    } catch {
      return this.stop() // the engine met a defect: its calls say so
    }
    const { tasks, next, news } = work
    for (const task of tasks) this.#carryOut(task)
    if (this.#ended) return news ? this.link.take() : undefined
    const wait = next === null ? IDLE_MS : Math.min(Math.max(next - Date.now() + 1, 0), IDLE_MS)
    const timer = /** @type {any} */ (setTimeout(() => this.#say('tick'), wait))
    timer.unref?.() // waiting alone keeps no process alive
    this.#timer = timer
    if (news) this.link.take()
  }

  /** @param {Task} task */
  #carryOut(task) {
    switch (task.do) {
      case 'connect':
        this.#hangUp()
        this.#connect(this.#attempt)
        break
      case 'send':
        if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(task.text)
        break
      case 'disconnect':
        this.#hangUp()
        break
      case 'fetch':
        this.#fetch(task.version, task.url)
        break
      default:
        this.stop()
    }
  }

  #hangUp() {
    this.#attempt += 1
    const socket = this.#socket
    this.#socket = null // before it is closed: one that never opened says at once that it is over
    socket?.close()
  }

  /** @param {number} attempt */
  async #connect(attempt) {
    let ticket
    try {
      ticket = await this.#ticket()
    } catch (error) {
      if (attempt === this.#attempt) this.#failed(error)
      return
    }
    if (attempt !== this.#attempt || this.#ended) return
    const address = `${this.options.url.replace(/^http/, 'ws')}/v1/connect?ticket=${encodeURIComponent(ticket)}`
    const socket = new WebSocket(address, SUBPROTOCOL)
    this.#socket = socket
    const late = setTimeout(() => over(), PATIENCE_MS)
    const over = () => {
      clearTimeout(late)
      if (this.#socket !== socket) return
      this.#hangUp()
      this.#say('disconnected')
    }
    socket.addEventListener('open', () => {
      clearTimeout(late)
      if (this.#socket !== socket) return socket.close()
      if (socket.protocol === SUBPROTOCOL) return this.#say('connected')
      this.#hangUp()
      this.#say('refused', 'version_unsupported')
    })
    socket.addEventListener('message', ({ data }) => {
      if (this.#socket === socket && typeof data === 'string') this.#say('text', data)
    })
    socket.addEventListener('close', over)
    socket.addEventListener('error', over)
  }

  async #ticket() {
    if (this.options.ticket) return gotten(this.options.ticket)
    const answer = await this.#request('/v1/tickets', { method: 'POST' })
    const { ticket } = await answer.json()
    return ticket
  }

  /**
   * @param {number} version
   * @param {string} path
   */
  async #fetch(version, path) {
    let document = null
    try {
      const answer = await this.#request(path, {})
      document = await answer.text()
    } catch (error) {
      if (error instanceof Refused) return this.#failed(error)
      this.link.trouble = error
    }
    this.#say('policy', version, document)
  }

  /** @param {unknown} error */
  #failed(error) {
    this.link.trouble = error
    if (error instanceof Refused) this.#say('refused', error.code)
    else this.#say('disconnected')
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  async #request(path, init) {
    const { ticket, token } = this.options
    const headers = { Authorization: `Bearer ${ticket ? await gotten(ticket) : token}` }
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const answer = await fetch(this.options.url + path, { ...init, headers, signal })
    if (answer.ok) return answer
    const said = await answer.json().catch(() => null)
    const code = said?.error?.code ?? said?.code
    if (REFUSALS.includes(code)) throw new Refused(code)
    if (code !== STALE && (answer.status === 401 || answer.status === 403)) throw new Refused('unauthorized')
    throw new TypeError(`the server answered with status ${answer.status}${code ? ` (${code})` : ''}`)
  }
}

/** The server refused what it would refuse again. */
class Refused extends Error {
  /** @param {string} code */
  constructor(code) {
    super(`the server refused: ${code}`)
    this.code = code
  }
}

/**
 * A ticket of the app, which doesn't take its time either. Whatever goes wrong there may go well the next time.
 *
 * @param {() => unknown} ticket
 */
async function gotten(ticket) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const late = new Promise((_, reject) => {
    const message = `\`options.ticket\` gave nothing within ${PATIENCE_MS} ms`
    timer = setTimeout(() => reject(new TypeError(message)), PATIENCE_MS)
  })
  try {
    const given = await Promise.race([ticket(), late])
    if (typeof given === 'string' && given !== '') return given
    throw wrongType('what `options.ticket` gives', 'the text of a ticket', given)
  } finally {
    clearTimeout(timer)
  }
}

/** Refuses a host without a WebSocket. */
function assertWebSocket() {
  if (typeof WebSocket === 'function') return
  throw new LimitrError(
    'not_supported',
    'this host has no WebSocket, which an engine in wasm needs for Limitr Cloud: use Node 22 or newer, start Node 20 with `--experimental-websocket`, or install the native binding'
  )
}

module.exports = { WebDriver, assertWebSocket }
