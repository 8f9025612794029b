// The Cloud server: real servers, real sockets, on SQLite, and on a PostgreSQL of their own.

import { providePostgres, withPostgres } from '../lib/postgres.mjs'
import { Failed, run } from '../lib/run.mjs'
import { readNextest } from './rust.mjs'

async function nextest(env) {
  const { code, output } = await run(
    'cargo',
    [
      'nextest',
      'run',
      '--package',
      'limitr-server',
      '--locked',
      '--no-fail-fast',
      '--cargo-quiet',
      '--status-level=fail'
    ],
    { env }
  )
  const counts = readNextest(output)
  if (!counts) throw new Failed(`cargo nextest ended with code ${code} and no summary`, { output })
  return { ...counts, code, output }
}

/** Runs the server's tests, each on both databases. */
export async function server() {
  const { bin, why } = await providePostgres()
  if (bin)
    return withPostgres(bin, async (LIMITR_TEST_POSTGRES) => ({
      ...(await nextest({ LIMITR_TEST_POSTGRES })),
      note: 'each on SQLite and PostgreSQL'
    }))
  return { ...(await nextest({})), note: `on SQLite; PostgreSQL not run here: ${why}` }
}
