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

  allowSync(id, entitlement, value) {
    const meter = this.#meter(id, entitlement)
    if (!meter || meter.used + value > meter.limit) return false
    meter.used += value
    return true
  }

  checkSync(id, entitlement, value) {
    const meter = this.#meter(id, entitlement)
    return meter !== null && meter.used + value <= meter.limit
  }

  valueSync(id, entitlement) {
    return this.#meter(id, entitlement)?.used ?? null
  }

  async allow(id, entitlement, value) {
    return this.allowSync(id, entitlement, value)
  }

  async check(id, entitlement, value) {
    return this.checkSync(id, entitlement, value)
  }

  async value(id, entitlement) {
    return this.valueSync(id, entitlement)
  }
}
