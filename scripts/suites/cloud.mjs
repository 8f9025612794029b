// Engines of Limitr Cloud on both bindings, against the server's own program.

import { builtServer } from '../lib/cloud-server.mjs'
import { providePostgres, withPostgres } from '../lib/postgres.mjs'
import { cloudTests } from './vitest.mjs'

/** Runs `__test__/cloud` on each binding, its servers on SQLite, and on PostgreSQL where there is one. */
export async function cloud() {
  const env = { LIMITR_TEST_SERVER: await builtServer() }
  const { bin, why } = await providePostgres()
  if (bin) return withPostgres(bin, (LIMITR_TEST_POSTGRES) => cloudTests({ ...env, LIMITR_TEST_POSTGRES }))
  return { ...(await cloudTests(env)), note: `two servers on PostgreSQL not run here: ${why}` }
}
