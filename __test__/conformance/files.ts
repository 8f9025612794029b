import { readdirSync, readFileSync } from 'node:fs'
import type { Scenario } from './scenarios.js'

const FOLDER = new URL('../../conformance/', import.meta.url)

/** Every scenario, by file. */
export function vectorFiles(): Map<string, Scenario[]> {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && name !== 'waiting.json')
  return new Map(files.sort().map((name) => [name, JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))]))
}
