// Stof in a runtime that imports its sandbox: a document, a function and what it falls back to, one call and several as one, a document
// that never ends.

import { Limitr } from 'limitr'
import { init } from 'limitr/stof'

const DOCUMENT = `
Limitr policy: {
  credits: {
    token: {
      overhead_cost: 7
      rates: { small: 0.5, large: 2 }
      fn overhead(units: float, context: obj) -> float {
        if (context.fail == true) throw('no rate');
        units * self.rates.get(context.model)
      }
    }
  }
  plans: { free: { default: true, entitlements: { chat: { limit: { credit: 'token', value: 100 } } } } }
}
`

export default async function stof() {
  const limitr = await Limitr.new(DOCUMENT)
  await limitr.createCustomer('ada')
  const fallbacks = []
  limitr.on('policy-error', (event) => fallbacks.push(event.function))
  const costs = []
  for (const event of [{ model: 'small' }, { model: 'large' }, { fail: true }, { model: 'small' }])
    costs.push((await limitr.decide('ada', 'chat', 4, { event })).cost)
  await init()
  limitr.sync.updatePolicy(DOCUMENT.replace('large: 2', 'large: 3'), 'stof')
  costs.push(limitr.sync.decide('ada', 'chat', 4, { event: { model: 'large' } }).cost)
  const told = []
  limitr.addHandler('all', (type) => told.push(type))
  const items = [1, 2].map((value) => ({ entitlement: 'chat', value }))
  for (const event of [{ model: 'large' }, { fail: true }])
    costs.push(...(await limitr.decideAll('ada', items, { event })).decisions.map(({ cost }) => cost))
  limitr.removeHandler('all')
  const endless = 'policy: {}\n#[init]\nfn boot() { loop {} }'
  const refused = await Limitr.new(endless, 'stof').catch(({ code }) => code)
  await limitr.close()
  return { backend: limitr.backend, costs, fallbacks, told, refused }
}
