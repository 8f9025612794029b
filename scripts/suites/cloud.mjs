// Engines of Limitr Cloud on both bindings, against the server's own program, which is built for it.

import { join } from 'node:path'
import { need, targetFolder } from '../lib/run.mjs'
import { cloudTests } from './vitest.mjs'

/** Builds the server; the path of its program. */
export async function provideServer() {
  await need('cargo', ['build', '--quiet', '--locked', '--package', 'limitr-server'])
  return join(await targetFolder(), 'debug', 'limitr-server')
}

/** Runs `__test__/cloud` on each binding. */
export async function cloud() {
  return cloudTests({ LIMITR_TEST_SERVER: await provideServer() })
}
