// @ts-check

// The changes of each customer, beside the log, which only goes back to the last snapshot.
//
// 1. Of a batch, each customer's changes of one moment make an entry, at `<day>/<customer>/<millisecond of the day>/<place>/<seq>`.
//    A moment is a second at most: who asks for what came after a time begins a second earlier, and misses nothing.
// 2. Days come first: what is too old lies together at the beginning. A customer's days are found by asking for the last key
//    before a day, then for the last one before that.

const { END, LIST, deleteRange, padded, pieces, textsOf } = require('./durable-object-texts.js')
const { parsed } = require('./shared.js')

/** @typedef {import('../../types/store-adapter').ChangeBatch} ChangeBatch */
/** @typedef {import('../../types/store-adapter').HistoryQuery} HistoryQuery */
/** @typedef {import('../../types/store-adapter').StoredChange} StoredChange */
/** @typedef {import('../../types/durable-object').DurableObjectStorageLike} Storage */

const DAY_MS = 86_400_000
const MOMENT_MS = 1_000

/** The number of the day that 1970 began with: days before it have keys that sort, too. */
const EPOCH_DAY = 200_000_000

/** @param {number} at */
const dayOf = (at) => Math.floor(at / DAY_MS)

/** @param {number} at */
const inDay = (at) => Math.floor(at - dayOf(at) * DAY_MS)

/** @param {number} day */
const dayKey = (day) => padded(Math.min(Math.max(day + EPOCH_DAY, 0), 999_999_999), 9)

/**
 * A customer's ID in a key. It is no more than three times as long as its UTF-8.
 *
 * @param {string} customer
 */
const customerKey = (customer) => encodeURIComponent(customer.toWellFormed())

/** @typedef {{ key: string, day: number, from: number, length: number, texts: string[] }} Entry */

/**
 * The entries of a batch.
 *
 * @param {string} root
 * @param {string} place of the instance
 * @param {ChangeBatch} batch
 * @returns {[key: string, value: string][]}
 */
function historyOf(root, place, { instance, changes }) {
  /** @type {Entry[]} */
  const entries = []
  /** @type {Map<string, Entry>} */
  const latest = new Map()
  for (const change of changes) {
    const { holder, at, seq } = change
    if (holder === undefined) continue
    const [text, day] = [JSON.stringify(change), dayOf(at)]
    const entry = latest.get(holder)
    const goesOn = entry && entry.day === day && at >= entry.from && at < entry.from + MOMENT_MS
    if (goesOn && entry.length + text.length <= LIST) {
      entry.texts.push(text)
      entry.length += text.length + 1
      continue
    }
    const key = `${root}${dayKey(day)}/${customerKey(holder)}/${padded(inDay(at), 8)}/${place}/${padded(seq, 16)}`
    const begun = { key, day, from: at, length: text.length, texts: [text] }
    entries.push(begun)
    latest.set(holder, begun)
  }
  return entries.flatMap(({ key, texts }) => pieces(key, told(instance, texts)))
}

/**
 * Changes of one instance, as one text.
 *
 * @param {string} instance
 * @param {readonly string[]} texts
 */
const told = (instance, texts) => `{"instance":${JSON.stringify(instance)},"changes":[${texts.join(',')}]}`

/**
 * @param {string} text
 * @returns {StoredChange[]}
 */
function heard(text) {
  const { instance, changes } = parsed(text, 'a batch')
  return changes.map((/** @type {object} */ change) => ({ ...change, instance }))
}

/**
 * The days that have anything, from the last before a day back to a day.
 *
 * @param {Storage} storage
 * @param {string} root
 * @param {string} from
 * @param {string} before
 * @returns {AsyncGenerator<string>}
 */
async function* daysOf(storage, root, from, before) {
  for (let end = root + before; ; ) {
    const start = root + from
    if (!(start < end)) return
    const [key] = (await storage.list({ start, end, reverse: true, limit: 1, allowConcurrency: true })).keys()
    if (key === undefined) return
    const day = key.slice(root.length, root.length + 9)
    yield day
    end = root + day
  }
}

/**
 * A customer's changes, oldest first: the latest where there are more than are asked for.
 *
 * @param {Storage} storage
 * @param {string} root
 * @param {string} customer
 * @param {HistoryQuery} query
 * @returns {Promise<StoredChange[]>}
 */
async function historyFrom(storage, root, customer, query) {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, entitlement, limit } = query
  /** @type {StoredChange[]} */
  const found = []
  if (!(limit > 0)) return found
  const last = dayOf(until) + 1 // one that is none sorts after all
  const before = Number.isFinite(last) ? dayKey(last) : 'a'
  const first = dayKey(dayOf(since))
  for await (const day of daysOf(storage, root, first, before)) {
    const of = `${root}${day}/${customerKey(customer)}`
    const start = day === first ? Math.max(0, inDay(since) - MOMENT_MS) : 0
    const end = day === dayKey(dayOf(until)) ? `${of}/${padded(inDay(until) + 1, 8)}` : of + END
    for await (const [, text] of textsOf(storage, `${of}/${padded(start || 0, 8)}`, end, true)) {
      for (const change of heard(text).reverse()) {
        const { at, holder } = change
        if (at < since || at >= until || holder !== customer) continue
        if (entitlement !== undefined && change.entitlement !== entitlement) continue
        if (found.push(change) >= limit) return inOrder(found)
      }
    }
  }
  return inOrder(found)
}

/** @param {StoredChange[]} latestFirst */
const inOrder = (latestFirst) => latestFirst.reverse().sort((one, other) => one.at - other.at)

/**
 * Deletes the days that end before a time.
 *
 * @param {Storage} storage
 * @param {string} root
 * @param {number} time
 */
async function pruneHistory(storage, root, time) {
  const before = time === Number.POSITIVE_INFINITY ? 'a' : dayKey(dayOf(time))
  if (time > Number.NEGATIVE_INFINITY) await deleteRange(storage, root, root + before)
}

module.exports = { heard, historyFrom, historyOf, pruneHistory, told }
