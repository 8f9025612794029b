// Engines of Limitr Cloud on both bindings, against the server's own program.

import { join } from 'node:path'
import { need, targetFolder } from '../lib/run.mjs'
import { cloudTests } from './vitest.mjs'

/** Runs `__test__/cloud` on each binding. The server is built as for its own tests, of which most is there already. */
export async function cloud() {
  await need('cargo', ['build', '--workspace', '--bin', 'limitr-server', '--locked', '--quiet'])
  return cloudTests({ LIMITR_TEST_SERVER: join(await targetFolder(), 'debug', 'limitr-server') })
}
