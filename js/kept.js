// @ts-check

// Engines whose calls have something to do with their store: those that are strict, and those that an adapter keeps. Each method
// is the one of the engine, and then what `Keeping` says of it. Others, a relaxed engine in a folder among them, have nothing to
// do with this, and pay nothing for it.

const { LimitrSync } = require('./sync.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('./keeping.js').NativeKeeping | import('./keeping.js').AdapterKeeping} AnyKeeping */

/** Methods that wait for the store themselves, or have nothing to keep. */
const APART = [
  'constructor',
  'addHandler',
  'removeHandler',
  'clearHandlers',
  'on',
  'lib',
  'close',
  'flush',
  'history',
  'eachCustomer'
]

/**
 * The class of an engine that is kept.
 *
 * @template {new (core: Core) => any} E
 * @param {E} Engine
 */
function kept(Engine) {
  class Kept extends /** @type {new (core: Core) => any} */ (Engine) {
    #sync
    #keeping

    /** @param {Core} core */
    constructor(core) {
      super(core)
      this.#keeping = /** @type {AnyKeeping} */ (core.keeping)
      this.#sync = new KeptSync(core, this.#keeping)
    }

    get sync() {
      return this.#sync
    }

    static {
      for (const name of methodsOf(Engine)) {
        const method = Engine.prototype[name]
        define(Kept.prototype, name, method.length, {
          /**
           * @this {Kept}
           * @param {unknown[]} args
           */
          async [name](...args) {
            this.#keeping.assertKept()
            try {
              return await method.apply(this, args)
            } finally {
              await this.#keeping.after()
            }
          }
        })
      }
    }
  }
  return Kept
}

/** Its methods without promises. */
class KeptSync extends LimitrSync {
  #keeping

  /**
   * @param {Core} core
   * @param {AnyKeeping} keeping
   */
  constructor(core, keeping) {
    super(core)
    this.#keeping = keeping
  }

  static {
    for (const name of methodsOf(LimitrSync)) {
      const method = /** @type {any} */ (LimitrSync.prototype)[name]
      define(KeptSync.prototype, name, method.length, {
        /**
         * @this {KeptSync}
         * @param {unknown[]} args
         */
        [name](...args) {
          this.#keeping.assertSync()
          try {
            return method.apply(this, args)
          } finally {
            this.#keeping.afterSync()
          }
        }
      })
    }
  }
}

/** @param {any} Class */
function methodsOf(Class) {
  /** @type {string[]} */
  const names = []
  for (
    let prototype = Class.prototype;
    prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
      if (typeof value === 'function' && !APART.includes(name) && !names.includes(name)) names.push(name)
  }
  return names
}

/**
 * @param {object} prototype
 * @param {string} name
 * @param {number} length
 * @param {Record<string, Function>} holder
 */
function define(prototype, name, length, holder) {
  const method = holder[name]
  Object.defineProperty(method, 'length', { value: length, configurable: true })
  Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true })
}

module.exports = { kept }
