// One hard limit, from one customer to a million, each as likely as another or by Zipf's law.

import { createAll, HARD, metersSum } from './shared.mjs'

export const COUNTS = [1, 1_000, 100_000, 1_000_000]

export const scaleName = (count, order) =>
  `hard limit, ${count.toLocaleString('en')} ${count === 1 ? 'customer' : `customers, ${order}`}`

export const SCALE = COUNTS.flatMap((customers) =>
  (customers === 1 ? ['uniform'] : ['uniform', 'zipf']).map((order) => ({
    name: scaleName(customers, order),
    part: customers === 1_000_000 ? 'large' : 'small',
    customers,
    order,
    policy: HARD,
    setUp: createAll,
    call: "const answer = await on.allow(id, 'api', 1)",
    verify: metersSum('api')
  }))
)
