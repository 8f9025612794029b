// The floor: what a user would write by hand for one hard limit with a period. A Map of Maps, a clock, a compare.

const PERIOD_MS = 30 * 24 * 60 * 60 * 1000

/** Hand-written metering: no plans, no grants, no events, no exact decimals. */
export class Floor {
  #customers = new Map()

  createCustomer(id, entitlement, limit) {
    this.#customers.set(id, new Map([[entitlement, { used: 0, limit, ends: Date.now() + PERIOD_MS }]]))
  }

  #meter(id, entitlement) {
    const meter = this.#customers.get(id)?.get(entitlement)
    if (!meter) return null
    const now = Date.now()
    if (now >= meter.ends) {
      meter.used = 0
      meter.ends = now + PERIOD_MS
    }
    return meter
  }

  allow(id, entitlement, value) {
    const meter = this.#meter(id, entitlement)
    if (!meter || meter.used + value > meter.limit) return false
    meter.used += value
    return true
  }

  check(id, entitlement, value) {
    const meter = this.#meter(id, entitlement)
    return meter !== null && meter.used + value <= meter.limit
  }

  value(id, entitlement) {
    return this.#meter(id, entitlement)?.used ?? null
  }
}

/** The same behind `async` functions, as code that awaits its limits has it. */
export class AsyncFloor {
  /** The floor itself. */
  sync = new Floor()

  async createCustomer(id, entitlement, limit) {
    this.sync.createCustomer(id, entitlement, limit)
  }

  async allow(id, entitlement, value) {
    return this.sync.allow(id, entitlement, value)
  }

  async check(id, entitlement, value) {
    return this.sync.check(id, entitlement, value)
  }

  async value(id, entitlement) {
    return this.sync.value(id, entitlement)
  }
}
