// Decisions of an app while its policy changes at the server. It needs a Limitr Cloud server, and two tokens of it:
//
//   LIMITR_TOKEN=limitr_test_… LIMITR_ADMIN_TOKEN=limitr_test_… node examples/cloud/app.mjs
//
// The app is the part from `Limitr.cloud` on. Publishing is what people do at the server; here it is done over REST.

import { Limitr } from 'limitr'

const url = process.env.LIMITR_CLOUD_URL ?? 'http://127.0.0.1:8787'

/** Publishes a policy with so many images a day. */
async function publish(images) {
  const limit = { credit: 'image', value: images, resets: true, reset_inc: '1day' }
  const document = {
    policy: {
      credits: { image: {} },
      plans: { free: { default: true, entitlements: { images: { limit } } } }
    }
  }
  const { version } = await ask('/v1/policies', document)
  await ask(`/v1/policies/${version}/publish`, {})
  console.log(`published version ${version}: ${images} images a day`)
  return version
}

async function ask(path, body) {
  const headers = {
    Authorization: `Bearer ${process.env.LIMITR_ADMIN_TOKEN}`,
    'Content-Type': 'application/json'
  }
  const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

await publish(3)
const limitr = await Limitr.cloud({ token: process.env.LIMITR_TOKEN, url })
await limitr.ensureCustomer('ada', 'free')

for (let image = 1; image <= 5; image++) {
  const { allowed, reason, used, limit } = await limitr.decide('ada', 'images', 1)
  console.log(`image ${image}: ${allowed ? 'allowed' : `denied (${reason})`}, ${used} of ${limit} used`)
}

const version = await publish(5)
while (limitr.status.policyVersion < version) await new Promise((resolve) => setTimeout(resolve, 5))

for (let image = 4; image <= 6; image++) {
  const { allowed, reason, used, limit } = await limitr.decide('ada', 'images', 1)
  console.log(`image ${image}: ${allowed ? 'allowed' : `denied (${reason})`}, ${used} of ${limit} used`)
}
await limitr.close()
