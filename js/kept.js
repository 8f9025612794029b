// @ts-check

// Engines whose calls have something to do with their store: those that are strict, and those that an adapter keeps. Each method
// is the one of the engine, and then what `Keeping` says of it. Others, a relaxed engine in a folder among them, have nothing to
// do with this, and pay nothing for it.

const { define, methodsOf } = require('./methods.js')
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
 * @param {new (core: Core) => LimitrSync} Sync that of its methods without promises
 */
function kept(Engine, Sync = LimitrSync) {
  const KeptSync = keptSync(Sync)

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
      for (const name of methodsOf(Engine, APART)) {
        const method = Engine.prototype[name]
        const around = {
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
        }
        define(Kept.prototype, name, method.length, around[name])
      }
    }
  }
  return Kept
}

/**
 * Its methods without promises.
 *
 * @param {new (core: Core) => LimitrSync} Sync
 */
function keptSync(Sync) {
  return class KeptSync extends Sync {
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
      for (const name of methodsOf(Sync, APART)) {
        const method = /** @type {any} */ (Sync.prototype)[name]
        const around = {
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
        }
        define(KeptSync.prototype, name, method.length, around[name])
      }
    }
  }
}

module.exports = { kept }
