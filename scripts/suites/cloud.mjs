// Engines of Limitr Cloud on both bindings, against the server's own program.

import { join } from 'node:path'
import { providePostgres, withPostgres } from '../lib/postgres.mjs'
import { need, targetFolder } from '../lib/run.mjs'
import { cloudTests } from './vitest.mjs'

/**
 * Runs `__test__/cloud` on each binding, its servers on SQLite, and on PostgreSQL where there is one. The server is built as for its own
 * tests, of which most is there already.
 */
export async function cloud() {
  await need('cargo', ['build', '--workspace', '--bin', 'limitr-server', '--locked', '--quiet'])
  const env = { LIMITR_TEST_SERVER: join(await targetFolder(), 'debug', 'limitr-server') }
  const { bin, why } = await providePostgres()
  if (bin) return withPostgres(bin, (LIMITR_TEST_POSTGRES) => cloudTests({ ...env, LIMITR_TEST_POSTGRES }))
  return { ...(await cloudTests(env)), note: `two servers on PostgreSQL not run here: ${why}` }
}
