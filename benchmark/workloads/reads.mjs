// Other doors to the same hard limit.

import { createAll, HARD, metersSum } from './shared.mjs'

const plain = { policy: HARD, setUp: createAll }

export const READS = [
  {
    ...plain,
    name: 'decide',
    call: "const answer = await on.decide(id, 'api', 1)",
    right: "answer.allowed === true && answer.reason === 'ok'",
    verify: metersSum('api')
  },
  {
    ...plain,
    name: 'check',
    call: "const answer = await on.check(id, 'api', 1)",
    floor: "const answer = await on.check(id, 'api', 1)",
    verify: metersSum('api', 0)
  },
  {
    ...plain,
    name: 'value',
    setUp: (limitr, ids) => {
      createAll(limitr, ids)
      for (const id of ids) limitr.sync.allow(id, 'api', 7)
    },
    call: "const answer = await on.value(id, 'api')",
    right: 'answer === 7',
    floor: "const answer = await on.value(id, 'api')",
    floorRight: 'answer === 0',
    verify: () => {}
  },
  {
    ...plain,
    name: 'increment',
    call: "const answer = await on.increment(id, 'api')",
    verify: metersSum('api')
  }
]
