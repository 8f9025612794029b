// @ts-check

// One connection, lent by a pool and kept: whatever is done on it is done in turn.

const { failed } = require('./shared.js')

/** @typedef {import('../../types/postgres').PostgresClient} PostgresClient */
/** @typedef {import('../../types/postgres').PostgresPool} PostgresPool */
/** @typedef {{ rows: readonly any[], rowCount: number | null }} Result */

/**
 * What the database answered with, as this package's error.
 *
 * @param {any} cause
 */
const refused = (cause) => failed(`the database refuses: ${cause?.message ?? cause}`, cause)

class Session {
  /** @type {PostgresClient} */
  #client
  /** @type {Promise<unknown>} what is being done: it never rejects */
  #doing = Promise.resolve()
  /** @type {import('../errors.js').LimitrError | null} why nothing more can be done */
  #over = null

  /** @param {PostgresClient} client */
  constructor(client) {
    this.#client = client
    client.on?.('error', this.#lost)
    client.on?.('end', this.#lost)
  }

  /** @param {PostgresPool} pool */
  static async open(pool) {
    try {
      return new Session(await pool.connect())
    } catch (cause) {
      throw failed(`the database can't be reached: ${/** @type {any} */ (cause)?.message ?? cause}`, cause)
    }
  }

  /**
   * Runs one statement once those before it are through.
   *
   * @param {string} text
   * @param {unknown[]} [values]
   * @returns {Promise<Result>}
   * @throws {import('../errors.js').LimitrError} `store_failed`
   */
  query(text, values) {
    const answer = this.#doing.then(async () => {
      if (this.#over) throw this.#over
      try {
        return await this.#client.query(text, values)
      } catch (cause) {
        throw this.#over ?? refused(cause)
      }
    })
    this.#doing = answer.catch(() => {})
    return answer
  }

  /**
   * Gives the connection back to its pool, after a last statement.
   *
   * @param {string} last
   * @param {unknown[]} values
   */
  async end(last, values) {
    const sound = await this.query(last, values).then(
      () => true,
      () => false
    )
    this.#leave(failed('the store is closed'), !sound)
  }

  /** Gives the connection up: with it goes what the server keeps for it. */
  destroy() {
    this.#leave(failed('the store is closed'), true)
  }

  /** @param {any} [cause] */
  #lost = (cause) => {
    const message =
      'the connection that has the store was lost, and another process may have it now: open it anew'
    this.#leave(failed(message, cause), true)
  }

  /**
   * @param {import('../errors.js').LimitrError} why
   * @param {boolean} destroy
   */
  #leave(why, destroy) {
    if (this.#over) return
    this.#over = why
    if (!destroy) {
      this.#client.removeListener?.('error', this.#lost)
      this.#client.removeListener?.('end', this.#lost)
    }
    this.#client.release(destroy)
  }
}

module.exports = { Session, refused }
