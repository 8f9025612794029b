// @ts-check

// The doors of the wasm binding, the same as the native ones. The time crosses as an argument, since the module has no clock. Numbers come back; texts and longer answers are read from the module's memory.

const { Instance } = require('./instance.js')

/** @typedef {import('./core.js').Doors} Doors */

/**
 * The doors to a new instance of the module.
 *
 * @param {WebAssembly.Module} module
 * @returns {Doors}
 */
function wasmDoors(module) {
  const instance = new Instance(module)
  return /** @type {Doors} */ ({
    ...judgingDoors(instance),
    ...holdDoors(instance),
    ...meterDoors(instance),
    ...textDoors(instance),
    ...engineDoors(instance)
  })
}

/**
 * Doors that take a value.
 *
 * @param {Instance} on
 * @returns {Pick<Doors, 'allow' | 'allowAll' | 'check' | 'allowWith' | 'checkWith' | 'decide' | 'decideWith' | 'decideOnce' | 'explainWith'>}
 */
function judgingDoors(on) {
  return {
    allow(engine, customer, entitlement, value) {
      try {
        return on.exports.allow(Date.now(), engine, customer, entitlement, value)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    },
    allowAll(engine, customer, count) {
      try {
        return on.exports.allowAll(Date.now(), engine, customer, count)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    },
    check(engine, customer, entitlement, value) {
      try {
        return on.exports.check(Date.now(), engine, customer, entitlement, value)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    },
    allowWith: judgingDoor(on, 'allowWith'),
    checkWith: judgingDoor(on, 'checkWith'),
    decide(engine, customer, entitlement, value) {
      try {
        return on.exports.decide(Date.now(), engine, customer, entitlement, value)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    },
    decideWith: judgingDoor(on, 'decideWith'),
    decideOnce(engine, customer, entitlement, value, flags, overhead, id) {
      try {
        return on.glue.decideOnce(Date.now(), engine, customer, entitlement, value, flags, overhead, id)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    },
    explainWith: judgingDoor(on, 'explainWith')
  }
}

/**
 * A door that takes all that a call can say.
 *
 * @param {Instance} on
 * @param {'allowWith' | 'checkWith' | 'decideWith' | 'explainWith'} name
 * @returns {Doors['allowWith']}
 */
function judgingDoor(on, name) {
  return (engine, customer, entitlement, value, flags, overhead) => {
    try {
      return on.exports[name](Date.now(), engine, customer, entitlement, value, flags, overhead)
    } catch (trap) {
      return on.failed(trap, -1)
    }
  }
}

/**
 * Doors whose numbers stand where answers do.
 *
 * @param {Instance} on
 * @returns {Pick<Doors, 'reserve' | 'withHold'>}
 */
function holdDoors(on) {
  return {
    reserve(engine, customer, entitlement) {
      try {
        return on.exports.reserve(Date.now(), engine, customer, entitlement)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    },
    withHold(engine, customer, entitlement) {
      try {
        return on.exports.withHold(Date.now(), engine, customer, entitlement)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    }
  }
}

/**
 * Doors that take a meter and flags.
 *
 * @param {Instance} on
 * @returns {Pick<Doors, 'increment' | 'decrement' | 'value' | 'read'>}
 */
function meterDoors(on) {
  return {
    increment(engine, customer, entitlement, flags) {
      try {
        return on.exports.increment(Date.now(), engine, customer, entitlement, flags)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    },
    decrement(engine, customer, entitlement, flags) {
      try {
        return on.exports.decrement(Date.now(), engine, customer, entitlement, flags)
      } catch (trap) {
        return on.failed(trap, -1)
      }
    },
    value(engine, customer, entitlement, flags) {
      try {
        return on.exports.value(Date.now(), engine, customer, entitlement, flags)
      } catch (trap) {
        return on.failed(trap, Number.NEGATIVE_INFINITY)
      }
    },
    read(engine, customer, entitlement, flags) {
      try {
        return on.exports.read(Date.now(), engine, customer, entitlement, flags)
      } catch (trap) {
        return on.failed(trap, Number.NEGATIVE_INFINITY)
      }
    }
  }
}

/**
 * Doors that answer with text.
 *
 * @param {Instance} on
 * @returns {Pick<Doors, 'open' | 'call' | 'seq' | 'eventText' | 'names' | 'lastError'>}
 */
function textDoors(on) {
  return {
    open: (document, format, options) =>
      on.textOf(() => on.glue.open(Date.now(), document, format, options, randomSeed())),
    call: (engine, op, args) => on.textOf(() => on.glue.call(Date.now(), engine, op, args)),
    seq: (engine) => JSON.parse(on.textOf(() => on.glue.call(Date.now(), engine, 'seq', '[]'))).value ?? -1,
    eventText: (engine) => on.textOf(() => on.exports.eventText(engine)),
    names: (engine) => on.textOf(() => on.exports.names(engine)),
    lastError: () => on.lastError()
  }
}

/**
 * The other doors of an engine.
 *
 * @param {Instance} on
 * @returns {Pick<Doors, 'close' | 'listen' | 'customerName' | 'entitlementName' | 'nextEvent' | 'answer'>}
 */
function engineDoors(on) {
  return {
    close(engine) {
      try {
        const open = on.exports.close(engine) !== 0
        if (on.exports.engines() === 0) on.end(CLOSED)
        return open
      } catch (trap) {
        return on.failed(trap, false)
      }
    },
    listen(engine, listening) {
      try {
        return on.exports.listen(engine, listening ? 1 : 0) !== 0
      } catch (trap) {
        return on.failed(trap, false)
      }
    },
    customerName(engine, handle, name) {
      try {
        on.glue.customerName(engine, handle, name)
      } catch (trap) {
        on.failed(trap, undefined)
      }
    },
    entitlementName(engine, handle, name) {
      try {
        on.glue.entitlementName(engine, handle, name)
      } catch (trap) {
        on.failed(trap, undefined)
      }
    },
    nextEvent(engine) {
      try {
        return on.exports.nextEvent(engine)
      } catch (trap) {
        return on.failed(trap, 0)
      }
    },
    answer: () => on.answer()
  }
}

/** The same words as those of the native binding. @type {import('./instance.js').Failure} */
const CLOSED = { code: 'closed', message: 'this Limitr was closed; open another one with `Limitr.new`' }

/** A number that nobody can guess, where the host has such now: Workers have none before the first request. */
function randomSeed() {
  try {
    const [high, low] = crypto.getRandomValues(new Uint32Array(2))
    return high * 2 ** 21 + (low >>> 11)
  } catch {
    return 0
  }
}

module.exports = { wasmDoors }
