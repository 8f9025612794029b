// Engines of Limitr Cloud on both bindings, against the server's own program.

import { builtServer } from '../lib/cloud-server.mjs'
import { cloudTests } from './vitest.mjs'

/** Runs `__test__/cloud` on each binding. */
export const cloud = async () => cloudTests({ LIMITR_TEST_SERVER: await builtServer() })
