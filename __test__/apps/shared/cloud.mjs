// An engine of Limitr Cloud in whatever runtime imports this, told by its name and arguments what to do, so that what must hold of it is said
// once for all of them: cloud-proof.mjs.

import { Limitr } from 'limitr'

const PATIENCE_MS = 20_000

export class CloudApp {
  #limitr
  #seen = []

  /** Opens it; what runs it, and how it stands. */
  async open(options) {
    const onStatus = ({ state }) => this.#seen.at(-1) !== state && this.#seen.push(state)
    this.#limitr = await Limitr.cloud({ ...options, onStatus })
    await this.#limitr.ensureCustomer('ada')
    return [this.#limitr.backend, this.#limitr.status]
  }

  async decide(entitlement, value) {
    const { allowed, reason, source, exact } = await this.#limitr.decide('ada', entitlement, value)
    return [allowed, reason, source, exact]
  }

  /** Asks for a unit so many times; how often it was allowed. */
  async spend(entitlement, times) {
    let allowed = 0
    for (let call = 0; call < times; call++)
      allowed += Number(await this.#limitr.allow('ada', entitlement, 1))
    return allowed
  }

  /** Waits for a state, and a version of the policy at least; how it stands then. */
  async until(state, policyVersion = 0) {
    const holds = ({ status }) => status.state === state && status.policyVersion >= policyVersion
    for (const start = Date.now(); !holds(this.#limitr); ) {
      if (Date.now() - start > PATIENCE_MS) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return [this.#limitr.status.state, this.#limitr.status.policyVersion]
  }

  async flush() {
    await this.#limitr.flush()
  }

  /** Closes it; the states that it went through. */
  async close() {
    await this.#limitr.close()
    return this.#seen.splice(0)
  }
}

/** Does what is asked; an error is an answer, too. */
export async function answered(app, [name, ...args]) {
  try {
    return { value: (await app[name](...args)) ?? null }
  } catch (error) {
    return { error: { code: error.code, message: error.message } }
  }
}
