// @ts-check

// The functions that a policy carries, for one engine. The engine never calls out: this asks a function before a decision and
// passes the number in, and runs notifications after the commit.
//
// 1. They are loaded when the policy with them comes, so that a text that is none is refused with it, and again when the data that
//    they see in `self` has changed, or after a call has ended their instance.
// 2. A credit's `overhead(units, context)` is asked where a call names no overhead. One that fails, or answers no number, leaves
//    the credit's `overhead_cost` in force, and a `policy-error` says so.
// 3. A notification's `matches(type, event)` and `fire(name, event)` are asked as events are delivered. What is `async`, in the
//    policy or in the app, runs after the call; `flush` and `close` wait for it.

const { refused } = require('./documents.js')
const { LimitrError } = require('./errors.js')
const events = require('./events.js')
const { CALL_MS, readMs, Sandbox, SandboxError } = require('./sandbox.js')
const { functionFailed } = require('./stof-documents.js')
const usage = require('./usage.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {{ path: [string, string, string], async: boolean, parameters: string[] }} Listed */
/** @typedef {Record<string, any> & { functions?: string }} PolicyData */

/** What an `async` function of the app is made by. */
const AsyncFunction = (async () => {}).constructor

class Carried {
  #core
  #sandbox
  /** @type {PolicyData} */
  #policy = {}
  /** @type {Map<string, Listed>} */
  #functions = new Map()
  #stale = false
  /** What runs after calls, until it is done. @type {Set<Promise<unknown>>} */
  #pending = new Set()

  /**
   * @param {Core} core
   * @param {WebAssembly.Module} module
   */
  constructor(core, module) {
    this.#core = core
    this.#sandbox = new Sandbox(module, (path, args) => this.#askApp(path, args))
  }

  /**
   * Loads the functions of a policy.
   *
   * @param {PolicyData} policy
   * @throws {LimitrError} `invalid_policy`: they can't be read
   */
  load(policy) {
    /** @type {Listed[]} */
    let found
    try {
      const functions = policy.functions ?? ''
      found = this.#ask(
        { op: 'load', policy, functions, libs: this.#libs() },
        readMs(functions.length + JSON.stringify(policy).length)
      )
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error
      const where = error.line === null ? '' : ` (line ${error.line}, column ${error.column} of it)`
      const message = `the functions can't be loaded: ${error.message}${where}`
      const help =
        'write them as Stof has it: `credits: { tokens: { fn overhead(units: float) -> float { … } } }`'
      const problem = {
        code: 'syntax',
        severity: /** @type {const} */ ('error'),
        message,
        path: 'policy.functions',
        line: null,
        column: null,
        help
      }
      throw refused([problem])
    }
    const known = found.filter(({ path: [kind, name] }) => Object.hasOwn(policy[kind] ?? {}, name))
    this.#policy = policy
    this.#functions = new Map(known.map((one) => [keyOf(one.path), one]))
    this.#stale = false
    events.carry(this.#core, this.has('notifications') ? (type, event) => this.#heard(type, event) : null)
  }

  /** Has the functions loaded anew before the next call: the policy has changed. */
  outdated() {
    this.#stale = true
  }

  /**
   * Whether there are functions of a kind.
   *
   * @param {'credits' | 'notifications' | 'capabilities'} kind
   */
  has(kind) {
    for (const { path } of this.#functions.values()) if (path[0] === kind) return true
    return false
  }

  /**
   * @param {[string, string, string]} path
   * @returns {Listed | undefined}
   */
  function(path) {
    this.#fresh()
    return this.#functions.get(keyOf(path))
  }

  /**
   * What a credit's own function says that a call costs; undefined if the credit has none, or it failed.
   *
   * @param {unknown} customer
   * @param {unknown} entitlement
   * @param {unknown} value
   * @param {unknown} context
   * @returns {number | undefined}
   */
  overhead(customer, entitlement, value, context) {
    this.#fresh()
    if (!this.has('credits') || typeof customer !== 'string' || typeof entitlement !== 'string')
      return undefined
    const credit = this.#core.ask('creditFor', [customer, entitlement])
    if (credit === null || !this.#functions.has(keyOf(['credits', credit.name, 'overhead']))) return undefined
    const units = this.#units(customer, entitlement, value)
    if (units === null) return undefined
    /** @type {[string, string, string]} */
    const path = ['credits', credit.name, 'overhead']
    try {
      const cost = this.#call(path, [units, typeof context === 'object' && context !== null ? context : {}])
      if (typeof cost === 'number') return cost
      throw new SandboxError('failed', 'it returned no number')
    } catch (error) {
      this.#failed(path, error)
      return undefined
    }
  }

  /**
   * The value of a call in the credit's unit.
   *
   * @param {string} customer
   * @param {string} entitlement
   * @param {unknown} value
   */
  #units(customer, entitlement, value) {
    if (value === undefined || value === null) return 0
    if (typeof value === 'number') return Number.isFinite(value) ? value : null
    return usage.explain(this.#core, customer, entitlement, value, { overhead: 0 }).requested
  }

  /**
   * Runs a capability's function.
   *
   * @param {string} name
   * @param {unknown} customer
   * @param {unknown} args
   * @returns {any}
   */
  run(name, customer, args) {
    /** @type {[string, string, string]} */
    const path = ['capabilities', name, 'run']
    try {
      return this.#call(path, [args, customer])
    } catch (error) {
      this.#failed(path, error)
      throw error instanceof SandboxError ? functionFailed(error, path.join('.')) : error
    }
  }

  /** Resolves once what was begun by now, and what that begins, is done. */
  async settled() {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
  }

  /** Whether a notification is a function's affair, so that handlers don't get it. @param {string} name */
  fires(name) {
    return this.#functions.has(keyOf(['notifications', name, 'fire']))
  }

  /**
   * @param {string} type
   * @param {any} event
   */
  #heard(type, event) {
    if (type === 'policy-error' || type === 'handler-error') return
    this.#fresh()
    const names = Object.keys(this.#policy.notifications ?? {})
    if (names.includes(type)) {
      if (this.fires(type)) this.#fire(type, event)
      return
    }
    for (const name of names) {
      /** @type {[string, string, string]} */
      const path = ['notifications', name, 'matches']
      if (!this.#functions.has(keyOf(path))) continue
      try {
        if (this.#call(path, [type, event]) !== true) continue
      } catch (error) {
        this.#failed(path, error)
        continue
      }
      if (this.fires(name)) this.#fire(name, event)
      else events.send(this.#core, { ...event, type: name, cause: type })
    }
  }

  /**
   * @param {string} name
   * @param {unknown} event
   */
  #fire(name, event) {
    /** @type {[string, string, string]} */
    const path = ['notifications', name, 'fire']
    const fire = () => {
      try {
        this.#call(path, [name, event])
      } catch (error) {
        this.#failed(path, error)
      }
    }
    if (!this.#functions.get(keyOf(path))?.async) return fire()
    const plain = JSON.parse(JSON.stringify(event)) // as it is now
    this.#later(async () => this.#call(path, [name, plain]), path)
  }

  /**
   * A function of the app, called by one of the policy. What is `async` runs later, and is null to the policy.
   *
   * @param {[string, string]} path
   * @param {unknown[]} args
   */
  #askApp(path, args) {
    const fn = this.#core.libs?.get(path[0])?.get(path[1])
    if (fn === undefined) throw new LimitrError('invalid_argument', 'no such function was given to `lib`')
    if (fn instanceof AsyncFunction) {
      this.#later(() => fn(...args), path)
      return null
    }
    const result = fn(...args)
    if (typeof result?.then !== 'function') return result
    this.#later(() => result, path)
    return null
  }

  /**
   * @param {() => unknown} work
   * @param {readonly string[]} path
   */
  #later(work, path) {
    const running = Promise.resolve()
      .then(work)
      .catch((error) => this.#failed(path, error))
      .finally(() => this.#pending.delete(running))
    this.#pending.add(running)
  }

  /**
   * Says that a function failed.
   *
   * @param {readonly string[]} path
   * @param {unknown} error
   */
  #failed(path, error) {
    if (this.#core.closed) return
    const reason = error instanceof Error ? error.message : String(error)
    events.send(this.#core, {
      type: 'policy-error',
      code: 'policy_function_failed',
      function: path.join('.'),
      message: `\`${path.join('.')}\` failed: ${reason}`
    })
  }

  /** Loads again what a change of the policy, or a trap, has made useless. */
  #fresh() {
    if (this.#stale) this.load(this.#core.ask('policy', [null]).policy)
    else if (!this.#sandbox.alive) this.load(this.#policy)
  }

  /**
   * @param {[string, string, string]} path
   * @param {unknown[]} args
   */
  #call(path, args) {
    if (!this.#sandbox.busy) this.#fresh()
    return this.#ask({ op: 'call', path, args }, CALL_MS)
  }

  /**
   * @param {Record<string, unknown>} request
   * @param {number} ms
   */
  #ask(request, ms) {
    return this.#sandbox.ask(request, this.#core.ask('now', []), ms)
  }

  #libs() {
    const libs = this.#core.libs ?? new Map()
    return Object.fromEntries(Array.from(libs, ([name, functions]) => [name, [...functions.keys()]]))
  }
}

/** @param {readonly string[]} path */
function keyOf(path) {
  return path.join('\u0000')
}

module.exports = { Carried }
