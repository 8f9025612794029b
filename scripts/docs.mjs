// Builds the Rust documentation into dist/docs, and says where it is.

import { cpSync, rmSync } from 'node:fs'
import { main, need, path, step } from './lib/run.mjs'

const OUT = path('dist', 'docs')

/** Where cargo puts what it builds. */
async function targetFolder() {
  const metadata = await need('cargo', ['metadata', '--format-version=1', '--no-deps', '--quiet'])
  return JSON.parse(metadata.slice(metadata.indexOf('{'))).target_directory
}

await main(() =>
  step('rust documentation', async () => {
    await need('cargo', ['doc', '--workspace', '--no-deps', '--locked'], {
      env: { RUSTDOCFLAGS: '-D warnings' }
    })
    rmSync(OUT, { recursive: true, force: true })
    cpSync(`${await targetFolder()}/doc`, OUT, { recursive: true })
    return 'dist/docs/limitr_engine/index.html'
  })
)
