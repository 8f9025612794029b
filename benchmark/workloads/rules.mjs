// Flags, limits and rates: one rule at a time.

import { createAll, HARD, LIMIT, MONTH, metersSum, policyOf, same, totalOf } from './shared.mjs'

const ALLOW = "const answer = await on.allow(id, 'api', 1)"
const hard = (more) => policyOf({ api: { limit: { credit: 'call', mode: 'hard', value: LIMIT, ...more } } })
const plain = { setUp: createAll, call: ALLOW, verify: metersSum('api') }
const PERIOD_MS = 50

export const RULES = [
  { ...plain, name: 'feature flag', policy: policyOf({ api: {} }), verify: () => {} },
  { ...plain, name: 'hard limit', policy: HARD },
  { ...plain, name: 'hard limit, no period', policy: hard() },
  {
    ...plain,
    name: 'hard limit, denied',
    policy: policyOf({ api: { limit: { credit: 'call', mode: 'hard', value: 10, ...MONTH } } }),
    call: "const answer = await on.allow(id, 'api', 100)",
    right: 'answer === false',
    floor: "const answer = await on.allow(id, 'api', 2e15)",
    floorRight: 'answer === false',
    verify: ({ sync, ids }) => same(totalOf(sync, ids, 'api'), 0, 'denied calls have metered')
  },
  {
    ...plain,
    // Periods end while it runs, so that most customers' meters begin anew again and again.
    name: 'limit with reset, in use',
    policy: hard({ resets: true, reset_inc: `${PERIOD_MS}ms` }),
    verify: ({ sync, ids, calls }) => {
      const total = totalOf(sync, ids, 'api')
      if (total > calls) throw new Error(`the meters sum to ${total} after ${calls} calls`)
      const ends = sync.resets(ids[0], 'api') - Date.now()
      if (ends > 2 * PERIOD_MS || ends < -PERIOD_MS) throw new Error(`the period ends in ${ends} ms`)
    }
  },
  {
    ...plain,
    name: 'org scope, two refs away',
    policy: policyOf({
      api: { scope: 'org', limit: { credit: 'call', mode: 'hard', value: LIMIT, ...MONTH } }
    }),
    setUp: ({ sync }, ids) => {
      const orgs = Array.from({ length: 10 }, (_, index) => `org_${index}`)
      for (const org of orgs) sync.createCustomer(org, 'base', 'org')
      const teams = Array.from({ length: 100 }, (_, index) => `team_${index}`)
      for (const [index, team] of teams.entries())
        sync.createCustomer(team, '', 'team', 'Team', [orgs[index % 10]])
      for (const [index, id] of ids.entries())
        sync.createCustomer(id, '', 'user', 'User', [teams[index % 100]])
      return { orgs }
    },
    verify: ({ sync, data, calls }) => same(totalOf(sync, data.orgs, 'api'), calls, 'the organizations used')
  },
  {
    ...plain,
    name: 'governor',
    policy: hard({ ...MONTH, governor_enabled: true, governor_capacity: 1e12, governor_refill_rate: 1e6 })
  },
  {
    ...plain,
    name: 'allowAll of three',
    policy: policyOf(
      Object.fromEntries(
        ['api', 'chat', 'files'].map((name) => [name, { limit: { credit: 'call', value: LIMIT, ...MONTH } }])
      )
    ),
    setUp: (limitr, ids) => {
      createAll(limitr, ids)
      return ['api', 'chat', 'files'].map((entitlement) => ({ entitlement, value: 1 }))
    },
    call: 'const answer = await on.allowAll(id, data)',
    verify: (all) => {
      for (const name of ['api', 'chat', 'files']) metersSum(name)(all)
    }
  },
  {
    name: 'customer created per call',
    customers: 60_000,
    once: true,
    creates: true,
    batch: 2_000,
    policy: HARD,
    setUp: () => {},
    call: `await on.createCustomer(id)
      const answer = await on.allow(id, 'api', 1)`,
    floor: `await on.createCustomer(id, 'api', ${LIMIT})
      const answer = await on.allow(id, 'api', 1)`,
    verify: metersSum('api')
  },
  {
    ...plain,
    name: 'decide under an ID',
    customers: 60_000,
    once: true,
    batch: 2_000,
    policy: HARD,
    call: "const answer = (await on.decide(id, 'api', 1, { id: 'order 7' })).allowed",
    floor: ALLOW
  }
]
