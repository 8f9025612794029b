// A policy is the same in YAML, JSON, TOML and Stof: each vector's, written in every format and read again, answers the vector.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { vectorFiles } from './conformance/files.js'
import { playWritten, type Written } from './conformance/scenarios.js'

const waiting: Record<string, object> = JSON.parse(
  readFileSync(new URL('../conformance/waiting.json', import.meta.url), 'utf8')
)

describe.each<Written>(['json', 'yaml', 'toml', 'stof'])('in %s', (format) => {
  for (const [file, scenarios] of vectorFiles()) {
    const known = scenarios.filter(
      ({ name, rejects }) => rejects === undefined && !Object.hasOwn(waiting[file] ?? {}, name)
    )
    if (known.length === 0) continue
    it(`the policies of ${file} answer as they should`, async () => {
      for (const scenario of known)
        await playWritten(scenario, format).catch((error) => {
          throw new Error(`${scenario.name}: ${error.message}`, { cause: error })
        })
      expect(known.length).toBeGreaterThan(0)
    }, 300_000)
  }
})
