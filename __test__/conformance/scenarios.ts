import { Limitr, LimitrError, type LimitrEvent } from 'limitr'
import { mismatch } from './matching.js'

/** One step of a scenario: a call, or a move of the clock. */
export interface Step {
  advance?: number | string
  call?: string
  args?: unknown[]
  returns?: unknown
  throws?: string
  save?: string
  events?: unknown[]
}

/** One scenario of a vector file. */
export interface Scenario {
  name: string
  about: string
  policy: object
  start: number
  steps?: Step[]
  rejects?: string[]
}

/** How the methods of an engine are called: awaited, or without promises. */
export type Door = 'async' | 'sync'

/** What a policy may be written in. */
export type Written = 'yaml' | 'json' | 'toml' | 'stof'

/** Runs a scenario, its policy written anew in a format. Throws an error that says where the engine answers otherwise. */
export async function playWritten(scenario: Scenario, format: Written): Promise<void> {
  const options = { clock: scenario.start, validate: true }
  const first = await Limitr.new({ policy: scenario.policy }, 'json', options)
  const text = await first.policy(format)
  await first.close()
  const limitr = await Limitr.new(text, format, options)
  try {
    await new Player(limitr, 'sync').playAll(scenario.steps ?? [])
  } finally {
    await limitr.close()
  }
}

/** Runs a scenario. Throws an error that says where the engine answers otherwise. */
export async function play(scenario: Scenario, door: Door): Promise<void> {
  const open = Limitr.new({ policy: scenario.policy }, 'json', { clock: scenario.start, validate: true })
  if (scenario.rejects) return assertRejects(open, scenario.rejects)
  const limitr = await open
  try {
    await new Player(limitr, door).playAll(scenario.steps ?? [])
  } finally {
    await limitr.close()
  }
}

async function assertRejects(open: Promise<Limitr>, codes: string[]): Promise<void> {
  const error = await open.then(
    () => null,
    (cause: unknown) => cause
  )
  if (!(error instanceof LimitrError)) throw new Error(`the policy was not refused: ${String(error)}`)
  const found = (error.diagnostics ?? []).map(({ code }) => code)
  const missing = codes.filter((code) => !found.includes(code))
  if (missing.length > 0) throw new Error(`no diagnostic ${missing.join(', ')} among ${found.join(', ')}`)
}

class Player {
  readonly #limitr: Limitr
  readonly #door: Door
  readonly #saved = new Map<string, unknown>()
  #events: LimitrEvent[] = []

  constructor(limitr: Limitr, door: Door) {
    this.#limitr = limitr
    this.#door = door
    limitr.addHandler('conformance', (_type, event) => {
      this.#events.push(event)
    })
  }

  async playAll(steps: Step[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      const where = `step ${index + 1}, ${step.call ?? 'advance'}(${JSON.stringify(step.args ?? step.advance)})`
      if (step.advance !== undefined) await this.#limitr.advance(step.advance)
      else await this.#play(step, where)
    }
  }

  async #play(step: Step, where: string): Promise<void> {
    const { answer, error } = await this.#call(step)
    if (error !== undefined) {
      if (step.throws === undefined) throw new Error(`${where} threw ${String(error)}`, { cause: error })
      const code = error instanceof LimitrError ? error.code : String(error)
      if (code !== step.throws) throw new Error(`${where} threw ${code}, not ${step.throws}`)
    } else if (step.throws !== undefined) {
      throw new Error(`${where} answered ${JSON.stringify(answer)} and did not throw ${step.throws}`)
    }
    const found =
      ('returns' in step ? mismatch(step.returns, answer) : null) ??
      (step.events ? mismatch(step.events, this.#events, 'events') : null)
    if (found !== null) throw new Error(`${where}: ${found}`)
    if (step.save === undefined) return
    if (answer === null || answer === undefined) throw new Error(`${where}: nothing to save`)
    this.#saved.set(step.save, answer)
  }

  async #call(step: Step): Promise<{ answer?: unknown; error?: unknown }> {
    const target = (this.#door === 'sync' ? this.#limitr.sync : this.#limitr) as unknown as Record<
      string,
      unknown
    >
    const method = target[step.call ?? '']
    if (typeof method !== 'function') throw new Error(`there is no method ${step.call}`)
    const args = (step.args ?? []).map((arg) => this.#resolved(arg))
    this.#events = []
    try {
      return { answer: await method.apply(target, args) }
    } catch (error) {
      return { error }
    }
  }

  #resolved(arg: unknown): unknown {
    if (typeof arg !== 'string' || !arg.startsWith('$')) return arg
    return this.#saved.has(arg.slice(1)) ? this.#saved.get(arg.slice(1)) : arg
  }
}
