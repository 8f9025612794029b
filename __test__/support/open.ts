import { Limitr, type LimitrEvent } from 'limitr'
import { POLICY, START } from './policies.js'

/** An engine under the virtual clock, with an org and a user that belongs to it. Any name may be asked for. */
export async function opened(document: object = POLICY): Promise<Limitr> {
  const limitr: Limitr = await Limitr.new(document, 'auto', { clock: START })
  await limitr.createCustomer('org', 'free', 'org', 'Org')
  await limitr.createCustomer('user', 'free', 'user', 'User', ['org'], ['alias'])
  return limitr
}

/** Collects what happens from now on. */
export function heard(limitr: Limitr, name = 'collector'): LimitrEvent[] {
  const events: LimitrEvent[] = []
  limitr.addHandler(name, (_type, event) => {
    events.push(event)
  })
  return events
}

/** The code of what a call throws or rejects with; null if it does neither. */
export async function codeOf(call: () => unknown): Promise<string | null> {
  try {
    await call()
    return null
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
