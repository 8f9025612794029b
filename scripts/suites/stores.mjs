// The store adapters: each against what an adapter must do, the one for PostgreSQL on a cluster of its own.

import { providePostgres, withPostgres } from '../lib/postgres.mjs'
import { storeTests } from './vitest.mjs'

/** Runs the tests of the adapters. */
export async function stores() {
  const { bin, why } = await providePostgres()
  if (bin) return withPostgres(bin, (LIMITR_TEST_POSTGRES) => storeTests({ LIMITR_TEST_POSTGRES }))
  const counts = await storeTests({})
  return { ...counts, note: `postgres not run here: ${why}` }
}
