// @ts-check

// The tables of a store in PostgreSQL, and every statement on them.
//
// Values are parameters, always. Names of tables can't be: they are quoted, and what an app may choose of them is checked
// before. JSON is kept in columns of type `json`, which keep a text as it is; what an index needs of it is written beside it,
// spelled as JSON spells it, since a `text` can't hold every character that an ID may have.

const { damaged, failed, newer } = require('./shared.js')

/** @typedef {import('./postgres-session.js').Session} Session */

/** The format of the tables: one that is higher was made by a newer version. */
const FORMAT = 1

/** Whoever makes tables holds this lock until they are made, whatever their names. */
const CREATION_LOCK = 7_236_914_885_021

/** Which tables there are; the last one made is `format`, so that where it is, all are. */
/** @typedef {'format' | 'stores' | 'instances' | 'changes' | 'customers'} Table */

/** @param {string} identifier */
const quoted = (identifier) => `"${identifier.replaceAll('"', '""')}"`

/**
 * A text as it stands between the quotes of JSON: another text for each, without control characters.
 *
 * @param {string} text
 */
const spelled = (text) => JSON.stringify(text).slice(1, -1)

/**
 * The name of a table for SQL.
 *
 * @param {string} schema
 * @param {string} prefix
 * @returns {(table: Table) => string}
 */
const tableNames = (schema, prefix) => (table) => `${quoted(schema)}.${quoted(prefix + table)}`

/**
 * What makes the tables.
 *
 * * `stores`: one row an engine. `opened` counts its openings: who has the latest one may write. `generation` is the snapshot's,
 *   `generations` the last number given to one.
 * * `instances`: in which order they came.
 * * `changes`: what was committed. `customers`: the records of snapshots, of which one generation counts.
 *
 * @param {string} schema
 * @param {string} prefix
 */
function creation(schema, prefix) {
  const of = tableNames(schema, prefix)
  const text = 'text COLLATE "C" NOT NULL'
  return [
    `CREATE TABLE IF NOT EXISTS ${of('stores')} (name ${text} PRIMARY KEY, id integer GENERATED ALWAYS AS IDENTITY UNIQUE,
      opened bigint NOT NULL DEFAULT 0, generations bigint NOT NULL DEFAULT 0, generation bigint NOT NULL DEFAULT 0,
      customers bigint NOT NULL DEFAULT 0, head json)`,
    `CREATE TABLE IF NOT EXISTS ${of('instances')} (name ${text}, instance ${text}, place bigint NOT NULL,
      PRIMARY KEY (name, instance), UNIQUE (name, place))`,
    `CREATE TABLE IF NOT EXISTS ${of('changes')} (name ${text}, instance ${text}, seq bigint NOT NULL,
      at double precision NOT NULL, holder text COLLATE "C", entitlement text COLLATE "C", change json NOT NULL,
      PRIMARY KEY (name, instance, seq))`,
    `CREATE INDEX IF NOT EXISTS ${quoted(`${prefix}history`)} ON ${of('changes')} (name, holder, at) WHERE holder IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${of('customers')} (name ${text}, generation bigint NOT NULL, place bigint NOT NULL,
      id ${text}, seq bigint NOT NULL, record json NOT NULL, PRIMARY KEY (name, generation, place))`,
    `CREATE TABLE IF NOT EXISTS ${of('format')} (format integer NOT NULL)`,
    `INSERT INTO ${of('format')} SELECT ${FORMAT} WHERE NOT EXISTS (SELECT 1 FROM ${of('format')})`
  ]
}

/**
 * Rows in order, as many as begin within so many characters of text: the first always does. Parameters: how many rows at most,
 * how many characters.
 *
 * @param {string} columns
 * @param {string} value the column that is long
 * @param {string} order
 * @param {string} from
 */
const page = (columns, value, order, from) => `SELECT ${columns}, ${value} FROM (
  SELECT *, sum(length(${value})) OVER (ORDER BY ${order}) - length(${value}) AS before
  FROM (SELECT ${columns}, ${value}::text ${from} ORDER BY ${order} LIMIT $4) AS rows
) AS page WHERE before < $5 ORDER BY ${order}`

/**
 * Every statement. `$1` is always the name of the engine's state; where a statement writes, `$2` is the opening that may, and
 * its row stays locked against a later one until the statement is durable.
 *
 * @param {string} schema
 * @param {string} prefix
 */
function statements(schema, prefix) {
  const of = tableNames(schema, prefix)
  const mine = `mine AS (SELECT 1 FROM ${of('stores')} WHERE name = $1 AND opened = $2 FOR SHARE)`
  return {
    stores: of('stores'),
    format: `SELECT format FROM ${of('format')}`,
    enter: `INSERT INTO ${of('stores')} (name) VALUES ($1) ON CONFLICT (name) DO NOTHING`,
    // The key is the table's number in the database and the row's in the table.
    lock: `SELECT pg_try_advisory_lock(($2::regclass::oid::bigint << 32) | id) AS locked FROM ${of('stores')} WHERE name = $1`,
    unlock: `SELECT pg_advisory_unlock(($2::regclass::oid::bigint << 32) | id) FROM ${of('stores')} WHERE name = $1`,
    open: `UPDATE ${of('stores')} SET opened = opened + 1 WHERE name = $1
      RETURNING opened::text, generation::text, customers::text, head::text`,
    enroll: `WITH ${mine} INSERT INTO ${of('instances')} (name, instance, place)
      SELECT $1, $3, coalesce((SELECT max(place) FROM ${of('instances')} WHERE name = $1), 0) + 1 FROM mine
      ON CONFLICT (name, instance) DO NOTHING`,
    append: `WITH ${mine} INSERT INTO ${of('changes')} (name, instance, seq, at, holder, entitlement, change)
      SELECT $1, $3, c.seq, c.at, c.holder, c.entitlement, c.change::json
      FROM mine, unnest($4::bigint[], $5::float8[], $6::text[], $7::text[], $8::text[]) AS c (seq, at, holder, entitlement, change)`,
    instances: `SELECT instance, place::text FROM ${of('instances')} WHERE name = $1 ORDER BY place`,
    any: `SELECT EXISTS (SELECT 1 FROM ${of('changes')} WHERE name = $1) AS any`,
    changes: page(
      'seq',
      'change',
      'seq',
      `FROM ${of('changes')} WHERE name = $1 AND instance = $2 AND seq > $3`
    ),
    customers: page(
      'place, seq',
      'record',
      'place',
      `FROM ${of('customers')} WHERE name = $1 AND generation = $2 AND place > $3`
    ),
    history: `SELECT c.instance, c.change::text FROM ${of('changes')} AS c JOIN ${of('instances')} AS i USING (name, instance)
      WHERE c.name = $1 AND c.holder = $2 AND c.at >= $3 AND c.at < $4 AND ($5::text IS NULL OR c.entitlement = $5)
      ORDER BY c.at DESC, i.place DESC, c.seq DESC LIMIT $6`,
    begin: `UPDATE ${of('stores')} SET generations = generations + 1 WHERE name = $1 AND opened = $2
      RETURNING generations::text, generation::text`,
    record: `WITH ${mine} INSERT INTO ${of('customers')} (name, generation, place, id, seq, record)
      SELECT $1, $3, c.place, c.id, c.seq, c.record::json
      FROM mine, unnest($4::bigint[], $5::text[], $6::bigint[], $7::text[]) AS c (place, id, seq, record)`,
    turn: `UPDATE ${of('stores')} SET generation = $3, customers = $4, head = $5 WHERE name = $1 AND opened = $2`,
    sweep: `DELETE FROM ${of('customers')} WHERE name = $1 AND (generation, place) IN (SELECT generation, place FROM ${of('customers')}
      WHERE name = $1 AND generation > $2 AND generation < $3 ORDER BY generation, place LIMIT $4)`,
    prune: `WITH old AS (SELECT seq, at FROM ${of('changes')} WHERE name = $1 AND instance = $2 AND seq <= $3 ORDER BY seq LIMIT $5),
      gone AS (DELETE FROM ${of('changes')} AS c USING old WHERE c.name = $1 AND c.instance = $2 AND c.seq = old.seq AND old.at < $4
      RETURNING 1)
      SELECT (SELECT count(*) FROM old)::text AS seen, (SELECT count(*) FROM gone)::text AS gone`,
    forget: `DELETE FROM ${of('instances')} WHERE name = $1 AND instance = $2`
  }
}

/** @typedef {ReturnType<typeof statements>} Statements */

/**
 * The statements on the tables, which are made if they are missing.
 *
 * @param {Session} session
 * @param {string | null} wanted
 * @param {string} prefix
 * @returns {Promise<Statements>}
 */
async function tablesOn(session, wanted, prefix) {
  const schema = wanted ?? (await session.query('SELECT current_schema() AS schema')).rows[0].schema
  if (schema === null) throw failed("the connection's `search_path` has no schema: give one as `schema`")
  const sql = statements(schema, prefix)
  const table = tableNames(schema, prefix)('format')
  const [{ found }] = (await session.query('SELECT to_regclass($1) IS NOT NULL AS found', [table])).rows
  if (!found) await create(session, schema, prefix)
  const { rows } = await session.query(sql.format)
  const format = Number(rows[0]?.format)
  if (rows.length !== 1 || !(format > 0)) throw damaged('its format is unknown')
  if (format > FORMAT) throw newer(format, FORMAT)
  return sql
}

/**
 * Makes the tables, all or none. Several processes may come to this at once.
 *
 * @param {Session} session
 * @param {string} schema
 * @param {string} prefix
 */
async function create(session, schema, prefix) {
  await session.query('BEGIN')
  try {
    await session.query('SELECT pg_advisory_xact_lock($1)', [CREATION_LOCK])
    const [{ found }] = (
      await session.query('SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1) AS found', [schema])
    ).rows
    if (!found) await session.query(`CREATE SCHEMA ${quoted(schema)}`)
    for (const statement of creation(schema, prefix)) await session.query(statement)
    await session.query('COMMIT')
  } catch (error) {
    await session.query('ROLLBACK').catch(() => {})
    throw error
  }
}

module.exports = { spelled, tablesOn }
