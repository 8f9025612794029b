// Every vector, through the public API. A scenario that needs something which doesn't exist yet is listed in
// conformance/waiting.json with the reason; it is run all the same, and must fail until it is taken off the list.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { vectorFiles } from './conformance/files.js'
import { type Door, play } from './conformance/scenarios.js'

type Waiting = Record<string, Record<string, string>>

const files = vectorFiles()
const waiting: Waiting = JSON.parse(
  readFileSync(new URL('../conformance/waiting.json', import.meta.url), 'utf8')
)
const doors: Door[] = ['async', 'sync']

for (const [file, scenarios] of files) {
  describe(file, () => {
    for (const scenario of scenarios) {
      const reason = waiting[file]?.[scenario.name]
      if (reason === undefined) {
        it.each(doors)(`${scenario.name}: ${scenario.about} (%s)`, (door) => play(scenario, door))
      } else {
        it(`${scenario.name} waits: ${reason}`, async () => {
          const failed = await play(scenario, 'async').then(
            () => false,
            () => true
          )
          expect(failed, 'it passes now: take it off waiting.json').toBe(true)
        })
      }
    }
  })
}

describe('the list of waiting scenarios', () => {
  it('names only scenarios that exist', () => {
    const unknown = Object.entries(waiting).flatMap(([file, names]) =>
      Object.keys(names)
        .filter((name) => !files.get(file)?.some((scenario) => scenario.name === name))
        .map((name) => `${file}: ${name}`)
    )
    expect(unknown).toEqual([])
  })

  it('can tell every scenario apart by its name', () => {
    for (const [file, scenarios] of files) {
      const names = scenarios.map(({ name }) => name)
      expect(new Set(names).size, file).toBe(names.length)
    }
  })
})
