// What leaves the engine is a number (the nearest double) and a plan's name, whichever door a call went through.

import { expect, test } from 'vitest'
import { Limitr } from '../index.js'

const POLICY = {
  policy: {
    credits: { token: {} },
    plans: {
      free: { default: true, entitlements: { chat: { limit: { credit: 'token', value: 1e12 } } } },
      pro: { entitlements: { code: { limit: { credit: 'token', value: 5 } } } }
    }
  }
}

const LONG = '123456789.123456789012'

test('a decision of text, with an ID or among others has numbers', async () => {
  const limitr = await Limitr.new(POLICY)
  await limitr.createCustomer('ann')
  const { decisions } = await limitr.decideAll('ann', [{ entitlement: 'chat', value: LONG }])
  const answers = [
    decisions[0],
    await limitr.explain('ann', 'chat', LONG),
    await limitr.decide('ann', 'chat', LONG, { id: 'first' }),
    await limitr.decide('ann', 'chat', LONG, { id: 'first' })
  ]
  for (const answer of answers) {
    expect(answer).toMatchObject({ requested: Number(LONG), overage: 0, cost: 0, limit: 1e12 })
    expect(typeof answer?.used).toBe('number')
    expect(typeof answer?.remaining).toBe('number')
  }
  expect((await limitr.customer('ann'))?.meters.chat.value).toBe('246913578.246913578024')
})

test('a record may bring a plan that the policy has no longer', async () => {
  const limitr = await Limitr.new(POLICY)
  await limitr.createCustomer('bob')
  expect(await limitr.decide('bob', 'chat', 1)).toMatchObject({ plan: 'free' })
  await limitr.setCustomer({ id: 'ann', plan: 'gone' })
  expect(await limitr.decide('ann', 'chat', 1)).toMatchObject({ plan: 'gone', reason: 'not_in_plan' })
})

test('what a limit is metered in is judged at the time of the asking', async () => {
  const policy = structuredClone(POLICY.policy)
  Object.assign(policy.credits, { word: {} })
  const limitr = await Limitr.new({ policy }, 'json', { clock: 0 })
  await limitr.createCustomer('ann')
  await limitr.createCustomerOverride('ann', 'chat', { credit: 'word', expires_on: 1000 })
  expect(await limitr.creditFor('ann', 'chat')).toMatchObject({ name: 'word' })
  await limitr.advance('1s')
  expect(await limitr.creditFor('ann', 'chat')).toMatchObject({ name: 'token' })
})
