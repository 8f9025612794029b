// Formats everything that `npm run lint` would complain about.

import { bin, main, need, step } from './lib/run.mjs'
import { setupBuild } from './setup.mjs'

await main(async () => {
  await setupBuild()
  await step('rust', () => need('cargo', ['fmt', '--all']).then(() => {}))
  for (const apart of ['fuzz', 'crates/stof', 'benchmark/stof'])
    await step(`rust of ${apart}`, () =>
      need('cargo', ['fmt', '--all', '--manifest-path', `${apart}/Cargo.toml`]).then(() => {})
    )
  await step('javascript', () => need(bin('biome'), ['check', '--write', '--colors=off', '.']).then(() => {}))
})
