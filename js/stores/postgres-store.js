// @ts-check

// A store in a PostgreSQL database.
//
// 1. `load` borrows a connection and keeps it. On it stands an advisory lock, which the server lets go of when the connection
//    ends, however it ends. Everything is written over this connection, so that who has lost the lock can't write.
// 2. Behind a pooler that moves statements between connections that would not hold. So every opening also takes a number, and
//    each statement that writes does so only while its number is the latest.
// 3. Every write is one statement: there is no transaction that another write could get into. A batch is one insert.
// 4. `compact` writes the customers as a new generation, a page at a time, and turns to it with one update. What an earlier
//    generation or an interrupted one left is deleted a page at a time, so that no append waits for long.

const { LimitrError, shown, wrongType } = require('../errors.js')
const { damaged, duration, failed, headFrom, headOf, optionsOf, parsed, storeName } = require('./shared.js')
const { Session, refused } = require('./postgres-session.js')
const { spelled, tablesOn } = require('./postgres-tables.js')

/** @typedef {import('../../types/store-adapter').ChangeBatch} ChangeBatch */
/** @typedef {import('../../types/store-adapter').HistoryQuery} HistoryQuery */
/** @typedef {import('../../types/store-adapter').Snapshot} Snapshot */
/** @typedef {import('../../types/store-adapter').SnapshotCustomer} SnapshotCustomer */
/** @typedef {import('../../types/store-adapter').StoredChange} StoredChange */
/** @typedef {import('../../types/postgres').PostgresPool} PostgresPool */
/** @typedef {import('./postgres-tables.js').Statements} Statements */
/** @typedef {import('./shared.js').Head} Head */

const OPTIONS = /** @type {const} */ (['pool', 'name', 'schema', 'prefix', 'retention', 'wait'])

/** Most rows that one statement reads or writes, and most characters of JSON, the last row aside. */
const PAGE = { rows: 500, characters: 1_048_576 }

/** How long to wait between two tries for the lock, in milliseconds. */
const TRY_MS = 50

/**
 * A store that is open.
 *
 * @typedef {object} Opening
 * @property {Session} session
 * @property {Statements} sql
 * @property {string} opened the number of this opening
 * @property {string | null} instance whose place among the instances is known
 */

class PostgresStore {
  #pool
  #name
  #schema
  #prefix
  #retention
  #wait
  #page
  /** @type {Opening | 'opening' | null} */
  #open = null
  /** @type {Promise<unknown>} the compaction that runs: it never rejects */
  #compacting = Promise.resolve()

  /**
   * @param {unknown} given
   * @param {typeof PAGE} [page]
   */
  constructor(given, page = PAGE) {
    this.#page = page
    const options = optionsOf(given, OPTIONS)
    this.#pool = poolOf(options.pool)
    this.#name = storeName(options.name)
    this.#schema = identifier(options.schema, 'options.schema', null, 63)
    this.#prefix = identifier(options.prefix, 'options.prefix', 'limitr_', 40) ?? ''
    this.#retention = duration(options.retention, 'options.retention', '30days')
    this.#wait = duration(options.wait, 'options.wait', '1s')
  }

  async load() {
    if (this.#open) throw locked(this.#name)
    this.#open = 'opening'
    try {
      const session = await Session.open(this.#pool)
      return await this.#loadOn(session).catch((error) => {
        session.destroy()
        throw error
      })
    } catch (error) {
      this.#open = null
      throw error
    }
  }

  /** @param {Session} session */
  async #loadOn(session) {
    const sql = await tablesOn(session, this.#schema, this.#prefix)
    await session.query(sql.enter, [this.#name])
    await this.#lock(session, sql)
    const { rows } = await session.query(sql.open, [this.#name])
    const [{ opened, generation, customers, head: text }] = rows
    const open = { session, sql, opened, instance: null }
    const head = text === null ? null : headFrom(text)
    const { rows: instances } = await session.query(sql.instances, [this.#name])
    const first = head === null ? 0 : instances.findIndex(({ instance }) => instance === head.instance)
    if (first < 0) throw damaged("the place of the snapshot's instance is unknown")
    const changes = this.#changes(open, instances.slice(first), head?.from ?? -1)
    this.#open = open
    if (head) return { ...head, customers: this.#customers(open, generation, Number(customers)), changes }
    const [{ any }] = (await session.query(sql.any, [this.#name])).rows
    return any ? changes : null
  }

  /**
   * @param {Session} session
   * @param {Statements} sql
   */
  async #lock(session, sql) {
    for (const since = performance.now(); ; ) {
      const { rows } = await session.query(sql.lock, [this.#name, sql.stores])
      if (rows[0]?.locked) return
      if (performance.now() - since >= this.#wait) throw locked(this.#name)
      await new Promise((resolve) => setTimeout(resolve, TRY_MS))
    }
  }

  /**
   * @param {Opening} open
   * @param {readonly { instance: string }[]} instances
   * @param {number} from the last change of the first instance that isn't wanted
   * @returns {AsyncGenerator<StoredChange>}
   */
  async *#changes({ session, sql }, instances, from) {
    let after = String(from)
    for (const { instance } of instances) {
      for (;;) {
        const values = [this.#name, instance, after, this.#page.rows, this.#page.characters]
        const { rows } = await session.query(sql.changes, values)
        for (const { change } of rows) yield { ...parsed(change, 'a change'), instance }
        if (rows.length === 0) break
        after = rows[rows.length - 1].seq
      }
      after = '-1'
    }
  }

  /**
   * @param {Opening} open
   * @param {string} generation
   * @param {number} count
   * @returns {AsyncGenerator<SnapshotCustomer>}
   */
  async *#customers({ session, sql }, generation, count) {
    let read = 0
    for (let after = '0'; ; ) {
      const values = [this.#name, generation, after, this.#page.rows, this.#page.characters]
      const { rows } = await session.query(sql.customers, values)
      for (const { seq, record } of rows) yield { seq: Number(seq), record: parsed(record, 'a record') }
      if (rows.length === 0) break
      read += rows.length
      after = rows[rows.length - 1].place
    }
    if (read !== count) throw damaged(`a snapshot has ${read} customers of ${count}`)
  }

  /** @param {ChangeBatch} batch */
  async append({ instance, changes }) {
    const open = this.#opened()
    if (changes.length === 0) return
    await this.#enroll(open, instance)
    const { rowCount } = await open.session.query(open.sql.append, [
      this.#name,
      open.opened,
      instance,
      changes.map(({ seq }) => seq),
      changes.map(({ at }) => at),
      changes.map(({ holder }) => (holder === undefined ? null : spelled(holder))),
      changes.map(({ entitlement }) => (entitlement === undefined ? null : spelled(entitlement))),
      changes.map((change) => JSON.stringify(change))
    ])
    if (rowCount !== changes.length) throw this.#taken(open)
  }

  /**
   * Gives an instance its place after those before it.
   *
   * @param {Opening} open
   * @param {string} instance
   */
  async #enroll(open, instance) {
    if (open.instance === instance) return
    await open.session.query(open.sql.enroll, [this.#name, open.opened, instance])
    open.instance = instance
  }

  /** @param {Snapshot} snapshot */
  compact(snapshot) {
    const done = this.#compacting.then(() => this.#compact(this.#opened(), snapshot))
    this.#compacting = done.catch(() => {})
    return done
  }

  /**
   * @param {Opening} open
   * @param {Snapshot} snapshot
   */
  async #compact(open, snapshot) {
    const { session, sql, opened } = open
    const begun = await session.query(sql.begin, [this.#name, opened])
    if (begun.rowCount !== 1) throw this.#taken(open)
    const [{ generations: next, generation: last }] = begun.rows
    await this.#sweep(open, last, next)
    const count = await this.#record(open, next, snapshot.customers)
    const head = headOf(snapshot)
    await this.#enroll(open, head.instance)
    const turned = await session.query(sql.turn, [this.#name, opened, next, count, JSON.stringify(head)])
    if (turned.rowCount !== 1) throw this.#taken(open)
    await this.#sweep(open, '0', next)
    await this.#prune(open, head)
  }

  /**
   * Writes customers as a generation; answers how many.
   *
   * @param {Opening} open
   * @param {string} generation
   * @param {Snapshot['customers']} customers
   */
  async #record({ session, sql, opened }, generation, customers) {
    let count = 0
    for await (const page of pagesOf(customers, this.#page)) {
      const first = count
      await session.query(sql.record, [
        this.#name,
        opened,
        generation,
        page.map((_, index) => first + index + 1),
        page.map(({ id }) => id),
        page.map(({ seq }) => seq),
        page.map(({ text }) => text)
      ])
      count += page.length
    }
    return count
  }

  /**
   * Deletes the generations between two.
   *
   * @param {Opening} open
   * @param {string} above
   * @param {string} below
   */
  async #sweep({ session, sql }, above, below) {
    for (let gone = 1; gone > 0; ) {
      const { rowCount } = await session.query(sql.sweep, [this.#name, above, below, this.#page.rows])
      gone = rowCount ?? 0
    }
  }

  /**
   * Deletes the changes that a snapshot has, but for those that history keeps. Times don't go back within an instance: the
   * first change that stays is followed by none that goes.
   *
   * @param {Opening} open
   * @param {Head} head
   */
  async #prune({ session, sql }, head) {
    const before = this.#retention === 0 ? Number.POSITIVE_INFINITY : head.now - this.#retention
    const { rows } = await session.query(sql.instances, [this.#name])
    for (const { instance } of rows) {
      const last = instance === head.instance ? head.from : Number.MAX_SAFE_INTEGER
      let [seen, gone] = [1, 1]
      while (gone > 0 && gone === seen) {
        const values = [this.#name, instance, last, before, this.#page.rows]
        const [counts] = (await session.query(sql.prune, values)).rows
        seen = Number(counts.seen)
        gone = Number(counts.gone)
      }
      if (instance === head.instance) return
      if (seen === 0) await session.query(sql.forget, [this.#name, instance])
    }
  }

  /**
   * @param {string} customer
   * @param {HistoryQuery} query
   * @returns {Promise<StoredChange[]>}
   */
  async history(customer, { since, until, entitlement, limit }) {
    const { sql } = this.#opened()
    const values = [
      this.#name,
      spelled(customer),
      since ?? Number.NEGATIVE_INFINITY,
      until ?? Number.POSITIVE_INFINITY,
      entitlement === undefined ? null : spelled(entitlement),
      Math.min(limit, Number.MAX_SAFE_INTEGER)
    ]
    const { rows } = await this.#pool.query(sql.history, values).catch((cause) => {
      throw refused(cause)
    })
    return rows
      .map((/** @type {any} */ { instance, change }) => ({ ...parsed(change, 'a change'), instance }))
      .reverse()
  }

  async close() {
    const open = this.#open
    if (open === null || open === 'opening') return
    this.#open = null
    await open.session.end(open.sql.unlock, [this.#name, open.sql.stores])
  }

  #opened() {
    if (this.#open === null || this.#open === 'opening') throw failed('the store is not open')
    return this.#open
  }

  /**
   * Another process has the store, though the lock was never let go of: there is a pooler in between.
   *
   * @param {Opening} open
   */
  #taken(open) {
    open.session.destroy()
    return failed(
      'another process has opened the store: give it a connection of its own, not one that a pooler shares'
    )
  }
}

/**
 * Customers in lists, each as long as one statement may write.
 *
 * @param {Snapshot['customers']} customers
 * @param {{ rows: number, characters: number }} most
 */
async function* pagesOf(customers, most) {
  /** @type {{ id: string, seq: number, text: string }[]} */
  let page = []
  let characters = 0
  for await (const { seq, record } of customers) {
    const text = JSON.stringify(record)
    page.push({ id: spelled(String(record.id)), seq, text })
    characters += text.length
    if (page.length < most.rows && characters < most.characters) continue
    yield page
    page = []
    characters = 0
  }
  if (page.length > 0) yield page
}

/** @param {string} name */
function locked(name) {
  return new LimitrError(
    'store_locked',
    `the store \`${name}\` is open elsewhere: close it there, or give this one another \`name\``
  )
}

/**
 * @param {unknown} given
 * @returns {PostgresPool}
 */
function poolOf(given) {
  const pool = /** @type {any} */ (given)
  if (typeof pool?.connect !== 'function' || typeof pool.query !== 'function')
    throw wrongType('options.pool', 'a `Pool` of the `pg` package', given)
  if (typeof pool.options?.max !== 'number' || pool.options.max >= 2) return pool
  throw new LimitrError(
    'invalid_argument',
    '`options.pool` has room for one connection: the store keeps one, so give it `max: 2` or more'
  )
}

/**
 * What becomes the name of a schema or the beginning of a table's name.
 *
 * @param {unknown} given
 * @param {string} argument
 * @param {string | null} standard
 * @param {number} most
 */
function identifier(given, argument, standard, most) {
  if (given === undefined || given === null) return standard
  if (typeof given !== 'string') throw wrongType(argument, 'a string', given)
  if (given.length <= most && /^[A-Za-z_][A-Za-z0-9_]*$/.test(given)) return given
  throw new LimitrError(
    'invalid_argument',
    `\`${argument}\` is ${shown(given)}: use letters, digits and \`_\`, ${most} at most, no digit first`
  )
}

module.exports = { PostgresStore }
