// Builds the Rust documentation into dist/docs, and says where it is.

import { cpSync, rmSync } from 'node:fs'
import { main, need, path, step, targetFolder } from './lib/run.mjs'

const OUT = path('dist', 'docs')

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
