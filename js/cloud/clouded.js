// @ts-check

// Engines that are connected to Limitr Cloud. Each method is the one of the engine, with what has to be done about the server around
// it: an awaited call loads a customer that isn't here, and waits for units where this engine's share is used up; one without a promise
// answers with what is here, and has the rest asked for.

const { profileOf } = require('../customers.js')
const { LimitrError } = require('../errors.js')
const { deliver } = require('../events.js')
const { define, methodsOf } = require('../methods.js')
const { LimitrSync } = require('../sync.js')

/** @typedef {import('../core.js').Core} Core */
/** @typedef {import('./link.js').Link} Link */

/** Methods that have nothing to do with a customer, or see to it themselves. */
const APART = [
  'constructor',
  'addHandler',
  'removeHandler',
  'clearHandlers',
  'on',
  'lib',
  'close',
  'flush',
  'eachCustomer',
  'customers',
  'creditExchange',
  'credit',
  'plan',
  'defaultPlan',
  'planPeriod',
  'planTrialPeriod',
  'marginSnapshot',
  'policy',
  'difference',
  'valid',
  'version',
  'now',
  'advance',
  'capability',
  'createCustomer',
  'ensureCustomer'
]

const PUBLISH = 'publish a version of the policy at the server instead'
const AT_SERVER = "change the customer through the server's REST API instead"

/** Methods that would change here what the server alone may change, or read what it alone has, and what to do instead. @type {Record<string, string>} */
const REFUSED = {
  updatePolicy: PUBLISH,
  setPlan: PUBLISH,
  deletePlan: PUBLISH,
  setExchange: PUBLISH,
  setNotifications: PUBLISH,
  setCapabilities: PUBLISH,
  setCustomer: AT_SERVER,
  ensureSetCustomer: AT_SERVER,
  loadCustomers: AT_SERVER,
  history: "read it at the server's REST API instead"
}

/** @param {string} name */
function refusal(name) {
  return new LimitrError(
    'not_supported',
    `\`${name}\` isn't to be had under Limitr Cloud, where engines share one truth: ${REFUSED[name]}`
  )
}

/**
 * The class of an engine that is connected.
 *
 * @template {new (core: Core) => any} E
 * @param {E} Engine
 */
function clouded(Engine) {
  class Clouded extends /** @type {new (core: Core) => any} */ (Engine) {
    #core
    #link
    #sync

    /** @param {Core} core */
    constructor(core) {
      super(core)
      this.#core = core
      this.#link = linkOf(core)
      this.#sync = new CloudedSync(core)
    }

    get sync() {
      return this.#sync
    }

    /** @param {unknown[]} profile */
    async createCustomer(...profile) {
      const args = profileOf(profile)
      const id = /** @type {string} */ (args[0])
      await this.#link.load(id)
      if (this.#core.ask('customer', [id]) !== null) return super.createCustomer(...profile)
      await this.#link.ensure(id, args)
      return this.#core.ask('customer', [id]) ?? undefined
    }

    /** @param {unknown[]} profile */
    async ensureCustomer(...profile) {
      const args = profileOf(profile)
      const id = /** @type {string} */ (args[0])
      await this.#link.load(id)
      if (this.#core.ask('customer', [id]) !== null) return false
      return this.#link.ensure(id, args)
    }

    async flush() {
      this.#core.assertOpen()
      await this.#core.keeping?.flush()
      await this.#link.flush()
    }

    async close() {
      await this.#link.close()
      await super.close()
    }

    static {
      for (const name of methodsOf(Engine, APART)) {
        if (Object.hasOwn(Clouded.prototype, name)) continue
        const inner = Engine.prototype[name]
        const method = Object.hasOwn(REFUSED, name)
          ? async () => {
              throw refusal(name)
            }
          : /** @type {(this: Clouded, ...args: unknown[]) => unknown} */ (
              function (...args) {
                return around(this, this.#core, this.#link, inner, args)
              }
            )
        define(Clouded.prototype, name, inner.length, method)
      }
    }
  }
  return Clouded
}

/** @param {Core} core */
const linkOf = (core) => /** @type {Link} */ (core.cloud)

/**
 * An awaited call: one that has all it needs is the engine's own, and nothing else.
 *
 * @param {object} limitr
 * @param {Core} core
 * @param {Link} link
 * @param {Function} inner
 * @param {unknown[]} args
 */
function around(limitr, core, link, inner, args) {
  if (core.delivering || !link.knows(args[0])) return slowly(limitr, core, link, inner, args)
  const answer = attempt(limitr, core, inner, args)
  link.stir()
  return core.isDry ? again(limitr, core, link, answer, inner, args) : answer
}

/**
 * Calls, and keeps back what it sends if it may be decided anew.
 *
 * @param {object} limitr
 * @param {Core} core
 * @param {Function} inner
 * @param {unknown[]} args
 */
function attempt(limitr, core, inner, args) {
  core.isDry = false
  if (!core.listening) return inner.apply(limitr, args)
  core.withholding = true
  try {
    return inner.apply(limitr, args)
  } finally {
    core.withholding = false
    if (!core.isDry) deliver(core)
  }
}

/**
 * A call that waits for handlers, or for a customer.
 *
 * @param {object} limitr
 * @param {Core} core
 * @param {Link} link
 * @param {Function} inner
 * @param {unknown[]} args
 */
async function slowly(limitr, core, link, inner, args) {
  if (core.delivering) await null
  if (!link.knows(args[0])) await link.load(/** @type {string} */ (args[0]))
  const answer = attempt(limitr, core, inner, args)
  link.stir()
  return core.isDry ? again(limitr, core, link, answer, inner, args) : answer
}

/**
 * A call that lacked units: the server is asked for them, and it is decided anew. What it sent at first counts only if it isn't.
 *
 * @param {object} limitr
 * @param {Core} core
 * @param {Link} link
 * @param {Promise<unknown>} answer
 * @param {Function} inner
 * @param {unknown[]} args
 */
async function again(limitr, core, link, answer, inner, args) {
  const units = link.units() // before anything else is called: the engine remembers the last call alone
  const sent = core.waiting
  core.waiting = []
  const before = await answer
  if (await units) {
    const after = await inner.apply(limitr, args)
    link.stir()
    return after
  }
  core.waiting = [...sent, ...core.waiting]
  deliver(core)
  return before
}

/** Its methods without promises. */
class CloudedSync extends LimitrSync {
  #link

  /** @param {Core} core */
  constructor(core) {
    super(core)
    this.#link = linkOf(core)
  }

  /** @type {LimitrSync['allow']} */
  allow(customer, entitlement, value, event, overhead, force) {
    const allowed = super.allow(customer, entitlement, value, event, overhead, force)
    if (!allowed) this.#link.want(customer)
    this.#link.stir()
    return allowed
  }

  /** @type {LimitrSync['check']} */
  check(customer, entitlement, value, event, overhead, force) {
    const allowed = super.check(customer, entitlement, value, event, overhead, force)
    if (!allowed) this.#link.want(customer)
    return allowed
  }

  /** @param {unknown[]} profile */
  createCustomer(...profile) {
    const known = super.customer(/** @type {string} */ (profile[0]))
    if (known !== null) return super.createCustomer(.../** @type {[string]} */ (profile))
    this.#link.ensure(String(profile[0]), profileOf(profile)).catch(() => {})
    return undefined
  }

  /** @param {unknown[]} profile */
  ensureCustomer(...profile) {
    const args = profileOf(profile)
    if (super.customer(/** @type {string} */ (profile[0])) === null)
      this.#link.ensure(String(profile[0]), args).catch(() => {})
    return false
  }

  static {
    for (const name of methodsOf(LimitrSync, APART)) {
      if (Object.hasOwn(CloudedSync.prototype, name)) continue
      const inner = /** @type {any} */ (LimitrSync.prototype)[name]
      const method = /** @type {(this: CloudedSync, ...args: unknown[]) => unknown} */ (
        function (...args) {
          if (Object.hasOwn(REFUSED, name)) throw refusal(name)
          const answer = inner.apply(this, args)
          if (!this.#link.knows(args[0])) this.#link.want(/** @type {string} */ (args[0]))
          this.#link.stir()
          return answer
        }
      )
      define(CloudedSync.prototype, name, inner.length, method)
    }
  }
}

module.exports = { CloudedSync, clouded }
