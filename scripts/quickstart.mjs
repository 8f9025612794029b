// From a fresh clone to a running example, with Node and Rust only.

import { build } from './build.mjs'
import { main, need, path } from './lib/run.mjs'
import { setupBuild } from './setup.mjs'

await main(async () => {
  await setupBuild()
  await build()
  console.log()
  await need(process.execPath, [path('examples', 'quickstart', 'index.mjs')], { show: true })
})
