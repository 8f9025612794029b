// The incumbents, each in its own fastest way of use, on the nearest equivalent of a hard limit. docs/performance.md says what each
// decides and what it doesn't.

import { createRequire } from 'node:module'
import { measure } from '../lib/measure.mjs'
import { same } from '../workloads/shared.mjs'
import { floorSubject, placesOf } from './binding.mjs'

const require = createRequire(new URL('../incumbents/package.json', import.meta.url))
const POINTS = 1e15
const DAY_S = 86_400

/** Counts by ID beside an engine that keeps none: what an app writes around it. */
const countsOf = (ids) => new Map(ids.map((id) => [id, { used: 0, limit: POINTS }]))
const usedIn = (counts) => [...counts.values()].reduce((sum, { used }) => sum + used, 0)

/** A counter per key and window, in memory. It answers a promise, and rejects it past the limit. */
function rateLimiterFlexible() {
  const { RateLimiterMemory } = require('rate-limiter-flexible')
  const limiter = new RateLimiterMemory({ points: POINTS, duration: DAY_S })
  return {
    awaited: true,
    on: limiter,
    call: 'const answer = await on.consume(id, 1)',
    right: 'answer.remainingPoints >= 0',
    used: async (ids) => {
      const found = await Promise.all(ids.map((id) => limiter.get(id)))
      return found.reduce((sum, one) => sum + (one?.consumedPoints ?? 0), 0)
    }
  }
}

/** A policy parsed once; what has been used goes in as context, and is counted outside. */
function cedar(ids) {
  const { preparsePolicySet, statefulIsAuthorized } = require('@cedar-policy/cedar-wasm/nodejs')
  const rule = 'context.used + context.value <= context.limit'
  const permit = `permit(principal, action == Action::"api", resource) when { ${rule} };`
  const parsed = preparsePolicySet('limits', { staticPolicies: permit })
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed))
  const counts = countsOf(ids)
  const call = {
    principal: { type: 'Customer', id: '' },
    action: { type: 'Action', id: 'api' },
    resource: { type: 'Meter', id: 'api' },
    context: { used: 0, value: 1, limit: 0 },
    preparsedPolicySetId: 'limits',
    validateRequest: false,
    entities: []
  }
  const allow = (id, value) => {
    const meter = counts.get(id)
    call.principal.id = id
    call.context.used = meter.used
    call.context.value = value
    call.context.limit = meter.limit
    const answer = statefulIsAuthorized(call)
    if (answer.type !== 'success' || answer.response.decision !== 'allow') return false
    meter.used += value
    return true
  }
  return { awaited: false, ...judged(allow, counts) }
}

/** A decision compiled once, asked with what has been used; it answers a promise only. */
function zen(ids) {
  const { ZenDecisionContent, ZenEngine } = require('@gorules/zen-engine')
  const nodes = [
    { id: 'in', type: 'inputNode', name: 'request' },
    {
      id: 'gate',
      type: 'expressionNode',
      name: 'gate',
      content: { expressions: [{ id: 'allowed', key: 'allowed', value: 'used + value <= limit' }] }
    },
    { id: 'out', type: 'outputNode', name: 'answer' }
  ]
  const edges = [
    { id: 'a', type: 'edge', sourceId: 'in', targetId: 'gate' },
    { id: 'b', type: 'edge', sourceId: 'gate', targetId: 'out' }
  ]
  const decision = new ZenEngine().createDecision(new ZenDecisionContent({ nodes, edges }))
  const counts = countsOf(ids)
  const allow = async (id, value) => {
    const meter = counts.get(id)
    const { result } = await decision.evaluate({ used: meter.used, value, limit: meter.limit })
    if (result.allowed !== true) return false
    meter.used += value
    return true
  }
  return { awaited: true, ...judged(allow, counts) }
}

/** One expression, synchronously: no decision, but what is fastest in that package. It is parsed at each call. */
function zenExpression(ids) {
  const { evaluateExpressionSync } = require('@gorules/zen-engine')
  const counts = countsOf(ids)
  const allow = (id, value) => {
    const meter = counts.get(id)
    const context = { used: meter.used, value, limit: meter.limit }
    if (evaluateExpressionSync('used + value <= limit', context) !== true) return false
    meter.used += value
    return true
  }
  return { awaited: false, ...judged(allow, counts) }
}

const judged = (allow, counts) => ({
  on: { allow },
  call: 'const answer = await on.allow(id, 1)',
  right: 'answer === true',
  used: async () => usedIn(counts),
  deny: async (id) => (await allow(id, 2 * POINTS)) === false
})

const OPENED = { 'rate-limiter-flexible': rateLimiterFlexible, cedar, zen, 'zen-expression': zenExpression }

/** Runs a hard-limit workload on an incumbent: as a binding's. Where it judges by a rule, the rule must also deny. */
export async function runIncumbent(host, workload, effort) {
  const { awaited, ...incumbent } = OPENED[host](placesOf(workload).ids)
  const where = placesOf(workload, awaited)
  if (incumbent.deny && !(await incumbent.deny(where.ids[0])))
    throw new Error(`${host} lets everything through`)
  const subject = { name: workload.name, data: null, expected: workload.expected, ...incumbent }
  const [floor, result] = await measure([floorSubject(workload, where.ids, awaited), subject], where, effort)
  same(await incumbent.used(where.ids), result.calls, `${host} has counted`)
  return { name: workload.name, ns: result.ns, floor: floor.ns, calls: result.calls, right: result.right }
}
