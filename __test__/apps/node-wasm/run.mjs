// Node without the native file: the package for this platform isn't installed, or its addon is damaged. Either way wasm takes
// over without a word, and one who insists on native is told the deepest cause.

import { writeFileSync } from 'node:fs'

const ENTRIES = ['limitr', 'limitr/wasm', 'limitr/inline']
  .map((entry) => `${entry} wasm\n`.repeat(2))
  .join('')

export default async function run(app) {
  await app.install({ platform: false })
  await app.reports('wasm', await app.print(process.execPath, ['main.mjs']))
  app.same(await app.print(process.execPath, ['entries.mjs']), ENTRIES, 'what the entries give')
  const missing = await app.print(process.execPath, ['forced.mjs'])
  app.matches(
    missing,
    /^not_supported: no native binding of limitr loads on \S+: Cannot find module .limitr-/
  )

  await app.install({ platform: true })
  writeFileSync(app.addon(), 'no addon')
  app.same(
    await app.print(process.execPath, ['entries.mjs']),
    ENTRIES,
    'what the entries give beside a damaged addon'
  )
  const damaged = await app.print(process.execPath, ['forced.mjs'])
  app.matches(
    damaged,
    /^not_supported: no native binding of limitr loads on \S+: .*(invalid ELF header|file too short)/
  )
}
