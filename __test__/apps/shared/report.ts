import { Limitr } from 'limitr'
import { play, type Scenario } from '../../conformance/scenarios.js'

/** What a runtime says of itself. */
export interface Report {
  backend: string
  /** The answers of a limit of 2 that is asked for 2, then for 1. */
  gate: boolean[]
  /** How many vectors passed, and what was wrong with the others. */
  vectors: number
  failed: string[]
}

const limit = { credit: 'token', mode: 'hard', value: 2 } as const
const plans = { free: { default: true, entitlements: { chat: { limit } } } }

/** Opens an engine, asks it, and plays every vector. */
export async function report(files: Record<string, Scenario[]>): Promise<Report> {
  const limitr = await Limitr.new({ policy: { credits: { token: {} }, plans } })
  await limitr.createCustomer('user_1')
  const gate = [await limitr.allow('user_1', 'chat', 2), limitr.sync.allow('user_1', 'chat', 1)]
  const { backend } = limitr
  await limitr.close()

  const [failed, all] = [[] as string[], Object.entries(files)]
  let vectors = 0
  for (const [file, scenarios] of all) {
    for (const scenario of scenarios) {
      const problem = await play(scenario, 'async').then(
        () => null,
        (error: unknown) => String(error)
      )
      if (problem === null) vectors += 1
      else failed.push(`${file} ${scenario.name}: ${problem}`)
    }
  }
  return { backend, gate, vectors, failed }
}
