// From a fresh clone to the calculator of examples/browser in a browser: builds the wasm binding and serves the page until it is
// ended.

import { buildWasm } from './build-wasm.mjs'
import { bin, main, need, path } from './lib/run.mjs'
import { setupBindings } from './setup.mjs'

await main(async () => {
  await setupBindings()
  await buildWasm()
  const folder = path('examples', 'browser')
  await need(bin('vite'), [folder, '--config', `${folder}/vite.config.mjs`], { show: true })
})
