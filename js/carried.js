// @ts-check

// The functions that a policy carries, for one engine. The engine never calls out: this asks a function before a decision and
// passes the number in, and runs notifications after the commit.
//
// 1. They are loaded when the policy with them comes, so that a text that is none is refused with it; again when the policy has
//    another version, since they see its data in `self`; and after a call has ended their instance.
// 2. What a credit's `overhead(units, context)` says, a call is made with: see costing.js.
// 3. A notification's `matches(type, event)` and `fire(name, event)` are asked as events are delivered. Of threads that share the
//    engine each asks `matches` for its own handlers, and the one whose call it was fires. What is `async`, in the policy or in the
//    app, runs after the call; `flush` and `close` wait for it.

const { refused } = require('./documents.js')
const { LimitrError } = require('./errors.js')
const events = require('./events.js')
const { CALL_MS, readMs, Sandbox, SandboxError } = require('./sandbox.js')
const { functionFailed } = require('./stof-documents.js')

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
  /** The version of the policy that they were loaded from; null: they are to be loaded again. @type {number | null} */
  #version = null
  /** @type {Map<string, Listed>} */
  #functions = new Map()
  /** Why they can't be loaded as the policy is now. @type {Error | null} */
  #refusal = null
  /** What runs after calls, until it is done. @type {Set<Promise<unknown>>} */
  #pending

  /**
   * @param {Core} core
   * @param {WebAssembly.Module} module
   */
  constructor(core, module) {
    this.#core = core
    this.#sandbox = new Sandbox(module, (path, args) => this.#askApp(path, args))
    this.#pending = core.carried === null ? new Set() : core.carried.#pending
  }

  /**
   * Loads the functions of a policy.
   *
   * @param {PolicyData} policy
   * @throws {LimitrError} `invalid_policy`: they can't be read
   */
  load(policy) {
    const functions = policy.functions ?? ''
    if (functions === '') this.#sandbox.drop()
    const found = functions === '' ? [] : this.#read(policy, functions)
    const known = found.filter(({ path: [kind, name] }) => Object.hasOwn(policy[kind] ?? {}, name))
    this.#policy = policy
    this.#functions = new Map(known.map((one) => [keyOf(one.path), one]))
  }

  /**
   * @param {PolicyData} policy
   * @param {string} functions
   * @returns {Listed[]}
   */
  #read(policy, functions) {
    try {
      return this.#ask(
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
  }

  /** What was loaded counts from now on. */
  begin() {
    this.#version = this.#core.ask('version', [])
    // Among threads any of them may bring notifications.
    const hears = this.#has('notifications') || this.#core.audience !== null
    events.carry(this.#core, hears ? (type, event) => this.#heard(type, event) : null)
  }

  /** Has the functions loaded anew before the next call: what they call has changed. */
  outdated() {
    this.#version = null
  }

  /** Whether there may be functions of credits. */
  mayCost() {
    return this.#has('credits') || this.#core.audience !== null
  }

  /** @param {'credits' | 'notifications'} kind */
  #has(kind) {
    for (const { path } of this.#functions.values()) if (path[0] === kind) return true
    return false
  }

  /**
   * Whether there is such a function.
   *
   * @param {[string, string, string]} path
   */
  has(path) {
    return this.#functions.has(keyOf(path))
  }

  /** Whether a call has ended the sandbox. */
  get stopped() {
    return !this.#sandbox.alive
  }

  /** What the last call took, in milliseconds' work. */
  get spentMs() {
    return this.#sandbox.spentMs
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
      return this.call(path, [args, customer])
    } catch (error) {
      this.#failed(path, error)
      throw functionFailed(/** @type {any} */ (error), path.join('.'))
    }
  }

  /** Resolves once what was begun by now, and what that begins, is done. */
  async settled() {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
  }

  /** Whether a notification is a function's affair, so that handlers don't get it. @param {string} name */
  fires(name) {
    return this.has(['notifications', name, 'fire'])
  }

  /**
   * @param {string} type
   * @param {any} event
   */
  #heard(type, event) {
    if (type === 'policy-error' || type === 'handler-error') return
    try {
      this.refresh(this.#core.ask('version', []))
    } catch (error) {
      return this.#failed(['functions'], error)
    }
    const names = Object.keys(this.#policy.notifications ?? {})
    const mine = !events.isForeign(event)
    if (names.includes(type)) {
      if (mine && this.fires(type)) this.#fire(type, event)
      return
    }
    for (const name of names) {
      /** @type {[string, string, string]} */
      const path = ['notifications', name, 'matches']
      if (!this.has(path)) continue
      try {
        if (this.call(path, [type, event]) !== true) continue
      } catch (error) {
        this.#failed(path, error)
        continue
      }
      if (!this.fires(name)) events.send(this.#core, { ...event, type: name, cause: type })
      else if (mine) this.#fire(name, event)
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
        this.call(path, [name, event])
      } catch (error) {
        this.#failed(path, error)
      }
    }
    if (!this.#functions.get(keyOf(path))?.async) return fire()
    const plain = JSON.parse(JSON.stringify(event)) // as it is now
    this.#later(async () => this.call(path, [name, plain]), path)
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
   * The event that says that a function failed.
   *
   * @param {readonly string[]} path
   * @param {unknown} error
   */
  failure(path, error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      type: 'policy-error',
      code: 'policy_function_failed',
      function: path.join('.'),
      message: `\`${path.join('.')}\` failed: ${reason}`
    }
  }

  /**
   * @param {readonly string[]} path
   * @param {unknown} error
   */
  #failed(path, error) {
    if (!this.#core.closed) events.send(this.#core, this.failure(path, error))
  }

  /**
   * Loads again what another version of the policy, or a trap, has made useless. What can't be loaded is tried again once the
   * policy has changed.
   *
   * @param {number} version the policy's, now
   * @throws {Error} the functions can't be loaded
   */
  refresh(version) {
    if (this.#sandbox.busy) return this
    const changed = this.#version !== version
    if (!changed && this.#refusal !== null) throw this.#refusal
    if (!changed && (this.#sandbox.alive || this.#functions.size === 0)) return this
    try {
      this.#refusal = null
      this.load(changed ? this.#core.ask('policy', [null]).policy : this.#policy)
    } catch (error) {
      this.#refusal = /** @type {Error} */ (error)
      throw error
    } finally {
      if (changed) this.begin()
    }
    return this
  }

  /**
   * Calls a function of the policy.
   *
   * @param {[string, string, string]} path
   * @param {unknown[]} args
   * @param {number} [ms] what work it may take
   * @returns {any}
   * @throws {Error} it failed
   */
  call(path, args, ms = CALL_MS) {
    if (!this.#sandbox.alive || this.#version === null) this.refresh(this.#core.ask('version', []))
    return this.#ask({ op: 'call', path, args }, ms)
  }

  /**
   * @param {Record<string, unknown>} request
   * @param {number} ms
   */
  #ask(request, ms) {
    const now = this.#core.ask('now', [])
    return events.withoutCalls(this.#core, () => this.#sandbox.ask(request, now, ms))
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
