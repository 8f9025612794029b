// The Cloud server: real servers, real sockets, on SQLite, and on a PostgreSQL of their own.

import { providePostgres, withPostgres } from '../lib/postgres.mjs'
import { nextest } from './rust.mjs'

const tests = (env) => nextest('package(limitr-server)', env)

/** Runs the server's tests, each on both databases. */
export async function server() {
  const { bin, why } = await providePostgres()
  if (bin)
    return withPostgres(bin, async (LIMITR_TEST_POSTGRES) => ({
      ...(await tests({ LIMITR_TEST_POSTGRES })),
      note: 'each on SQLite and PostgreSQL'
    }))
  return { ...(await tests({})), note: `on SQLite; PostgreSQL not run here: ${why}` }
}
