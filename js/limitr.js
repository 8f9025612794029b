// @ts-check

const { newName } = require('./arguments.js')
const { CloudedSync, clouded } = require('./cloud/clouded.js')
const { openedInCloud } = require('./cloud/opening.js')
const { cloudOptions } = require('./cloud/options.js')
const capabilities = require('./capabilities.js')
const { attach, openedWithFunctions } = require('./carrying.js')
const { Core } = require('./core.js')
const { eachCustomer } = require('./customers.js')
const { documentOf } = require('./documents.js')
const { LimitrError } = require('./errors.js')
const events = require('./events.js')
const holds = require('./holds.js')
const { answerOf } = require('./keeping.js')
const { kept } = require('./kept.js')
const { define } = require('./methods.js')
const { history, onlyNative } = require('./opening.js')
const { backendOption, documentFormat, openOptions } = require('./options.js')
const { stofModule } = require('./stof.js')
const { LimitrSync } = require('./sync.js')
const reads = require('./reads.js')
const usage = require('./usage.js')

/** @typedef {import('../index').Limitr} Api */

/** @typedef {import('./core.js').Doors} Doors */
/** @typedef {import('../index').Backend} Backend */

/**
 * Doors for a new engine, and what runs it.
 *
 * @typedef {{ doors: Doors, backend: Backend }} Binding
 */

/** The key that `await using` looks for, also where the host doesn't have it yet. */
const ASYNC_DISPOSE = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')

/** What the hottest methods answer with: a promise that is made once costs half of one that is made for the call. */
const ALLOWED = Promise.resolve(true)
const DENIED = Promise.resolve(false)

/**
 * Calls once the handlers that are being called are through: `await null` comes back then, since a delivery never waits. What to call is
 * named, since a method that makes a function of it pays for that in every call.
 *
 * @template {unknown[]} Args
 * @param {(...args: Args) => boolean} call
 * @param {Args} args
 */
async function afterDelivery(call, ...args) {
  await null
  return call(...args)
}

/**
 * An engine; see index.d.ts.
 *
 * A method's promise is made here, around a call that is over when it returns. While handlers are being called, a method
 * waits for them first.
 */
class Engine {
  #core
  #sync

  /** @param {Core} core */
  constructor(core) {
    if (!(core instanceof Core))
      throw new LimitrError('invalid_argument', 'use `Limitr.new` to open an engine')
    this.#core = core
    this.#sync = new LimitrSync(core)
  }

  get sync() {
    return this.#sync
  }

  get backend() {
    return this.#core.backend
  }

  get status() {
    return this.#core.cloud?.status ?? null
  }

  get diagnostics() {
    return this.#core.diagnostics
  }

  /** @type {Api['allow']} */
  allow(customer, entitlement, value, event, overhead, force) {
    try {
      const core = this.#core
      if (core.delivering)
        return afterDelivery(usage.allow, core, customer, entitlement, value, event, overhead, force)
      return usage.allow(core, customer, entitlement, value, event, overhead, force) ? ALLOWED : DENIED
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @type {Api['check']} */
  check(customer, entitlement, value, event, overhead, force) {
    try {
      const core = this.#core
      if (core.delivering)
        return afterDelivery(usage.check, core, customer, entitlement, value, event, overhead, force)
      return usage.check(core, customer, entitlement, value, event, overhead, force) ? ALLOWED : DENIED
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @type {Api['increment']} */
  increment(customer, entitlement, event) {
    try {
      const core = this.#core
      if (core.delivering) return afterDelivery(usage.increment, core, customer, entitlement, event)
      return usage.increment(core, customer, entitlement, event) ? ALLOWED : DENIED
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @type {Api['decrement']} */
  decrement(customer, entitlement, event) {
    try {
      const core = this.#core
      if (core.delivering) return afterDelivery(usage.decrement, core, customer, entitlement, event)
      return usage.decrement(core, customer, entitlement, event) ? ALLOWED : DENIED
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @type {Api['decide']} */
  async decide(customer, entitlement, value, options) {
    if (this.#core.delivering) await null
    return usage.decide(this.#core, customer, entitlement, value, options)
  }

  /** @type {Api['value']} */
  async value(customer, entitlement, percent, grants) {
    if (this.#core.delivering) await null
    return reads.value(this.#core, customer, entitlement, percent, grants)
  }

  /** @type {Api['remaining']} */
  async remaining(customer, entitlement, percent, grants) {
    if (this.#core.delivering) await null
    return reads.remaining(this.#core, customer, entitlement, percent, grants)
  }

  /** @type {Api['hold']} */
  async hold(customer, entitlement, options) {
    if (this.#core.delivering) await null
    const held = holds.hold(this.#core, customer, entitlement, options, false)
    return /** @type {any} */ (held && new holds.Hold(this.#core, held))
  }

  /** @type {Api['eachCustomer']} */
  async *eachCustomer() {
    if (this.#core.delivering) await null
    yield* eachCustomer(this.#core)
  }

  /**
   * @param {string} name
   * @param {import('../index').EventHandler} handler
   */
  addHandler(name, handler) {
    events.addHandler(this.#core, name, handler)
  }

  /** @type {Api['removeHandler']} */
  removeHandler(name) {
    return events.removeHandler(this.#core, name)
  }

  clearHandlers() {
    events.clearHandlers(this.#core)
  }

  /**
   * @param {string} type
   * @param {(event: any) => unknown} handler
   */
  on(type, handler) {
    return events.on(this.#core, type, handler)
  }

  /** @type {Api['lib']} */
  lib(namespace, name, fn) {
    capabilities.lib(this.#core, namespace, name, fn)
  }

  /** @type {Api['capability']} */
  async capability(name) {
    if (this.#core.delivering) await null
    return capabilities.capability(this.#core, name)
  }

  /** @type {Api['setCapabilities']} */
  async setCapabilities(given) {
    if (typeof given === 'string') await stofModule()
    if (this.#core.delivering) await null
    capabilities.setPart(this.#core, 'capabilities', given)
  }

  /** @type {Api['runCapability']} */
  async runCapability(name, customer, args) {
    if (this.#core.delivering) await null
    return capabilities.runCapability(this.#core, name, customer, args)
  }

  /** @type {Api['claudeTools']} */
  async claudeTools(customer) {
    if (this.#core.delivering) await null
    return capabilities.claudeTools(this.#core, customer)
  }

  /** @type {Api['claudeToolUse']} */
  async claudeToolUse(customer, use) {
    if (this.#core.delivering) await null
    return capabilities.claudeToolUse(this.#core, customer, use)
  }

  /** @type {Api['flush']} */
  async flush() {
    if (this.#core.delivering) await null
    this.#core.assertOpen()
    if (this.#core.carried !== null) await this.#core.carried.settled()
    await this.#core.keeping?.flush()
  }

  /** @type {Api['history']} */
  async history(customer, query) {
    if (this.#core.delivering) await null
    this.#core.assertOpen()
    return history(this.#core, customer, query)
  }

  async close() {
    if (this.#core.delivering) await null
    if (this.#core.carried !== null) await this.#core.carried.settled()
    const closing = this.#core.closed ? null : this.#core.keeping?.close()
    try {
      await closing
    } finally {
      this.#core.close()
    }
  }

  static {
    // What isn't hot is its synchronous twin, a promise later.
    for (const [name, { value: twin }] of Object.entries(
      Object.getOwnPropertyDescriptors(LimitrSync.prototype)
    )) {
      if (Object.hasOwn(Engine.prototype, name)) continue
      const method = {
        /**
         * @this {Engine}
         * @param {unknown[]} args
         */
        async [name](...args) {
          if (this.#core.delivering) await null
          return twin.apply(this.#sync, args)
        }
      }[name]
      define(Engine.prototype, name, twin.length, method)
    }
    Object.defineProperty(Engine.prototype, ASYNC_DISPOSE, {
      /** @this {Engine} */
      value() {
        return this.close()
      },
      writable: true,
      configurable: true
    })
  }
}

/**
 * The class that an entry of the package exports: it opens its engines with the bindings that the entry has.
 *
 * @param {(wanted: 'auto' | Backend) => Binding | Promise<Binding>} bind
 */
function limitrOver(bind) {
  class Limitr extends Engine {
    /**
     * @param {unknown} policy
     * @param {unknown} [format]
     * @param {unknown} [options]
     */
    static async new(policy, format, options) {
      const open = openOptions(options)
      const document = documentOf(policy, documentFormat(format), 'policy')
      const { doors, backend } = await bind(backendOption(options))
      const core = await openedWithFunctions({ doors, backend }, document, open)
      core.facade = core.keeping?.touchesCalls() ? new Kept(core) : new Limitr(core)
      if (core.carried !== null) attach(core)
      return core.facade
    }

    /** @param {unknown} options */
    static async cloud(options) {
      const open = cloudOptions(options)
      const core = await openedInCloud(await bind(backendOption(options)), open)
      core.facade = core.keeping?.touchesCalls() ? new KeptClouded(core) : new Clouded(core)
      return core.facade
    }

    /** @param {unknown} path */
    static async repairStore(path) {
      const folder = newName(path, 'path')
      const { doors, backend } = await bind('auto')
      if (backend !== 'native') throw onlyNative('a store in a folder')
      return answerOf(await doors.repairStore(folder))
    }
  }
  const Kept = kept(/** @type {any} */ (Limitr))
  const Clouded = clouded(/** @type {any} */ (Limitr))
  const KeptClouded = kept(/** @type {any} */ (Clouded), CloudedSync)
  return Limitr
}

module.exports = { limitrOver }
