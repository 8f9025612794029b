// The store of a Durable Object, in the runtime that has them, with its storage on disk: workerd is killed and started anew,
// and everything is there.

import { deepStrictEqual as same } from 'node:assert'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bundleWorker } from '../shared/worker.mjs'

const NOW = Date.UTC(2030, 0, 1)
const HEAD = {
  format: 1,
  instance: 'b',
  from: 2,
  to: 2,
  now: NOW,
  estimates: {},
  policy: { version: 1, document: {} }
}

const change = (seq, more) => ({ seq, at: NOW + seq, type: 'metered', holder: 'ada', ...more })
const changes = (from, to, more) =>
  Array.from({ length: to - from + 1 }, (_, index) => change(from + index, more))
const of = (instance, all) => all.map((one) => ({ ...one, instance }))

/** Many customers, so that a batch is a transaction, and a text of 400 KiB. */
const large = [
  ...Array.from({ length: 400 }, (_, index) => change(3 + index, { holder: `user_${index}` })),
  change(403, { holder: 'ben', text: '🙂'.repeat(100_000) })
]

export default async function run(app) {
  await app.install({ platform: false })
  await bundleWorker(app)
  mkdirSync(join(app.folder, 'storage'))
  const serving = async (work) => {
    const port = await app.freePort()
    const url = `http://127.0.0.1:${port}`
    const args = ['serve', 'config.capnp', `--socket-addr=http=127.0.0.1:${port}`]
    const asked =
      (path) =>
      async (...call) => {
        const response = await fetch(`${url}/${path}`, { method: 'POST', body: JSON.stringify(call) })
        const { value, error } = await response.json()
        if (error) throw Object.assign(new Error(error.message), error)
        return value
      }
    return app.serving(app.tool('workerd'), args, url, () => work(asked))
  }
  for (const shelf of ['shelves/one', 'sqlShelves/one']) await keeps(serving, shelf)
  await gates(serving)
}

/** An engine with the store: what it answered stands, and a call that is sent again counts once. */
async function gates(serving) {
  await serving(async (asked) => {
    const ask = asked('gates/one')
    same(await ask('ada', 'call 1'), [true, 1, 1])
    same(await ask('ada', 'call 2'), [true, 2, 2])
    same(await asked('gates/two')('ada', 'call 1'), [true, 1, 1])
  })
  await serving(async (asked) => {
    const ask = asked('gates/one')
    same(await ask('ada', 'call 2'), [true, 2, 2])
    same(await ask('ada', 'call 3'), [true, 3, 3])
    same(await ask('ada', 'call 4'), [false, 3, 3])
    same(await ask('ben', 'call 1'), [true, 1, 1])
  })
}

/** What an adapter must do, a restart after each step. */
async function keeps(serving, path) {
  await serving(async (asked) => {
    const ask = asked(path)
    same(await ask('load'), { changes: null })
    await ask('append', 'a', changes(1, 2))
    await ask('append', 'a', large)
    const other = asked(`${path}-other`)
    const refused = await other('append', 'a', changes(1, 1)).catch((error) => error)
    same([refused.ours, refused.code], [true, 'store_failed'])
    same(await other('load'), { changes: null })
  })
  await serving(async (asked) => {
    const ask = asked(path)
    const all = of('a', [...changes(1, 2), ...large])
    same(await ask('load'), { changes: all })
    same(await ask('history', 'ben', { limit: 5 }), all.slice(-1))
    same(await ask('history', 'ada', { limit: 1 }), all.slice(1, 2))
    await ask('append', 'b', changes(1, 3))
  })
  const appended = await serving(async (asked) => {
    const ask = asked(path)
    await ask('load')
    await ask('append', 'c', changes(1, 4))
    return ask('compact', { ...HEAD, instance: 'c', from: 3 }, 3_000, 400, 'c', 5)
  })
  if (!(appended > 1)) throw new Error(`only ${appended} appends went on during a compaction`)
  await serving(async (asked) => {
    const ask = asked(path)
    const found = await ask('load')
    same(
      found.changes.map(({ seq }) => seq),
      Array.from({ length: appended + 1 }, (_, index) => 4 + index)
    )
    same([found.customers.length, found.customers[2_999].record.label], [3_000, '🙂'.repeat(200)])
    same(
      { ...found, customers: [], changes: [] },
      { ...HEAD, instance: 'c', from: 3, customers: [], changes: [] }
    )
    same(
      (await ask('keys')).filter((key) => /log\/0*[12]\//.test(key)),
      []
    )
    same((await ask('history', 'user_7', { limit: 5 })).length, 1)
  })
}
