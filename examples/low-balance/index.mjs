// A notification of the policy that calls a function of the app.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Limitr } from 'limitr'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2030, 0, 1) })

const sent = []
limitr.lib('App', 'sendEmail', async (to, subject) => {
  await setTimeout(5) // a mail server takes its time, and no call waits for it
  sent.push(`${to}: ${subject}`)
})
limitr.on('large', ({ customer, meter }) => console.log(`${customer.id} took ${meter.diff} at once`))
await limitr.createCustomer('ada')

for (const images of [80, 9, 1, 5]) {
  console.log(`${images} images:`, await limitr.allow('ada', 'images', images))
}
assert.equal(sent.length, 0) // `fire` is async

await limitr.flush() // waits for what was begun
for (const mail of sent) console.log('mail to', mail)
assert.deepEqual(sent, ['ada: 10 images are left']) // once a period
await limitr.close()
