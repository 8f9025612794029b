// Answers that stream: room is held while they come, so that parallel calls can't overrun a limit, and an aborted one
// gives back what it didn't use.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { money } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2030, 0, 1) })
await limitr.createCustomer('ada')

/** A model that answers in chunks of 100 tokens, until it is told to stop. */
async function* answer(tokens, signal) {
  for (let sent = 0; sent < tokens; sent += 100) {
    await Promise.resolve()
    if (signal?.aborted) return
    yield 100
  }
}

/** Streams an answer of `tokens` within a hold; what isn't used is released, whatever happens. */
async function chat(entitlement, tokens, reserve, signal) {
  const hold = await limitr.hold('ada', entitlement, { value: reserve })
  if (!hold) return 'refused'
  try {
    let room = reserve
    for await (const chunk of answer(tokens, signal)) {
      if (chunk > room) {
        if (!(await hold.extend(500))) return 'cut short'
        room += 500
      }
      await hold.consume(chunk)
      room -= chunk
    }
    await hold.settle() // ends the hold; nothing more was used
    return signal?.aborted ? 'aborted' : 'answered'
  } finally {
    await hold.release() // false where it was settled; `await using hold = …` does this by itself
  }
}
const stands = async () => [await limitr.value('ada', 'chat'), await limitr.held('ada', 'chat')]

// Three at once ask for 1,500 each of the day's 4,000: the third doesn't fit, whatever the others will use.
const parallel = await Promise.all([1_000, 1_200, 900].map((tokens) => chat('chat', tokens, 1_500)))
console.log('in parallel:', parallel.join(', '), await stands())
assert.deepEqual(await stands(), [2_200, 0])

// The user stops an answer after 500 tokens: they are metered, and the room for the rest is free again.
const controller = new AbortController()
limitr.on('meter-changed', ({ meter }) => meter.value === 2_700 && controller.abort())
console.log('stopped by the user:', await chat('chat', 1_500, 1_500, controller.signal), await stands())
assert.deepEqual(await stands(), [2_700, 0])

// A long one asks for 500 more at a time, and ends where they don't fit.
console.log('a long one:', await chat('chat', 5_000, 500), await stands())
assert.deepEqual(await stands(), [3_700, 0])

// Where nobody knows the size, it is learnt: 9 of 10 answers stay within what is reserved.
for (const tokens of [300, 420, 380, 510]) {
  const hold = await limitr.reserve('ada', 'api')
  await limitr.settle('ada', 'api', hold, tokens)
}
const { value, samples } = await limitr.estimate('ada', 'api')
console.log(`the next answer is held at ${Math.round(value)} tokens, learnt from ${samples}`)

const { revenue } = await limitr.customerMarginSnapshot('ada')
console.log(`billed: ${money(revenue)} for the ${await limitr.value('ada', 'api')} tokens of the API`)
assert.equal(revenue, 0.0483)
await limitr.close()
