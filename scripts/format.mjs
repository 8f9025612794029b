// Formats everything that `npm run lint` would complain about.

import { bin, main, need, step } from './lib/run.mjs'
import { setupBuild } from './setup.mjs'

await main(async () => {
  await setupBuild()
  await step('rust', () => need('cargo', ['fmt', '--all']).then(() => {}))
  await step('rust of fuzz', () =>
    need('cargo', ['fmt', '--manifest-path', 'fuzz/Cargo.toml']).then(() => {})
  )
  await step('rust of stof', () =>
    need('cargo', ['fmt', '--all', '--manifest-path', 'crates/stof/Cargo.toml']).then(() => {})
  )
  await step('javascript', () => need(bin('biome'), ['check', '--write', '--colors=off', '.']).then(() => {}))
})
