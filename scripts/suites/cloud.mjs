// Engines of Limitr Cloud on both bindings, against the server's own program, which is built for it.

import { buildServer } from '../cloud.mjs'
import { cloudTests } from './vitest.mjs'

/** Runs `__test__/cloud` on each binding. */
export async function cloud() {
  return cloudTests({ LIMITR_TEST_SERVER: await buildServer() })
}
