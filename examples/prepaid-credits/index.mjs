// Credit that is bought first and burnt down: a limit of 0, and grants that cover what passes it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Limitr } from 'limitr'
import { money } from '../lib/text.mjs'

const text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')
const limitr = await Limitr.new(text, 'yaml', { strict: true, clock: Date.UTC(2030, 0, 1) })
await limitr.createCustomer('ada')
const { topups } = await limitr.plan('prepaid')
let bought = 0
const buy = async (topup) => {
  await limitr.applyCustomerTopup('ada', topup)
  bought += topups[topup].price?.amount ?? topups[topup].price ?? 0
}
const left = () => limitr.remainingCredit('ada', 'image')

console.log('without credit:', await limitr.allow('ada', 'images', 1)) // false
await buy('promo')
await buy('pack')
console.log('bought and given:', await left(), 'images') // 550

// What ends sooner goes first: the promotion, then the pack.
const { reason, granted, price, overagePrice } = await limitr.decide('ada', 'images', 60)
console.log(`60 images: ${reason}, ${granted} covered, worth ${money(price)}, to bill ${money(overagePrice)}`)
assert.equal(overagePrice, 0)
assert.equal(await left(), 490)

// Another credit's grants convert at what the two are worth: 1 second of video is 2.5 images.
await limitr.allow('ada', 'videos', 20)
console.log('20 seconds of video leave', await left(), 'images')
assert.equal(await left(), 440)

// Warn before it runs out.
await limitr.allow('ada', 'images', 400)
if ((await left()) < 50) console.log(`low: ${await left()} images left`)
console.log('41 more:', await limitr.allow('ada', 'images', 41)) // false, and nothing is drawn
console.log('40 more:', await limitr.allow('ada', 'images', 40)) // true
assert.equal(await left(), 0)

assert.equal(bought, 18)
console.log(`billed: ${money(bought)}, all of it before anything was used`)
await limitr.close()
