// @ts-check

// Texts of any length in a storage of small values.
//
// 1. A text is cut into pieces. A piece is one value, at `<key>/<number>`; its first character says whether it is the last.
// 2. Items are packed: as many as fit into a piece make one list. An item that is longer than that is a list alone.
// 3. Keys sort as they were written, so that `list` gives pieces in order, and backwards from the end.

const { damaged, failed } = require('./shared.js')

/** @typedef {import('../../types/durable-object').DurableObjectStorageLike} Storage */

/** Characters of one value: at most 96 KiB, whatever they are. */
const PIECE = 48 * 1024

/** Characters at which a list is full, so that what stands around it still fits. */
const LIST = 40 * 1024

/** Most keys of one call. */
const KEYS = 128

/** Values that are read at a time: at most 3 MiB. */
const READ = 32

/** The next key of any that has this one before it, a slash and something more. */
const END = '0' // what comes after '/'

/** Other requests go on meanwhile: what is written here is decided before the first wait. */
const OPTIONS = { allowConcurrency: true }

/**
 * A number as text that sorts as the number does.
 *
 * @param {number} number
 * @param {number} digits
 */
const padded = (number, digits) => String(number).padStart(digits, '0')

/**
 * Lists of JSON texts, each as long as one value may be.
 *
 * @param {AsyncIterable<string> | Iterable<string>} texts
 */
async function* lists(texts) {
  /** @type {string[]} */
  let list = []
  let length = 0
  for await (const text of texts) {
    if (list.length > 0 && length + text.length > LIST) {
      yield list
      list = []
      length = 0
    }
    list.push(text)
    length += text.length + 1
  }
  if (list.length > 0) yield list
}

/**
 * The pieces of a text, with their keys.
 *
 * @param {string} key
 * @param {string} text
 * @returns {[key: string, value: string][]}
 */
function pieces(key, text) {
  const count = Math.ceil(text.length / PIECE)
  return Array.from({ length: count }, (_, index) => {
    const mark = index === count - 1 ? '=' : '+'
    return [`${key}/${padded(index, 6)}`, mark + text.slice(index * PIECE, (index + 1) * PIECE)]
  })
}

/**
 * Writes entries, all or none.
 *
 * @param {Storage} storage
 * @param {[key: string, value: unknown][]} entries
 */
async function writeAll(storage, entries) {
  if (entries.length <= KEYS) return storage.put(Object.fromEntries(entries), OPTIONS)
  await storage.transaction(async (transaction) => {
    await writeSome(transaction, entries)
  })
}

/**
 * Writes entries that mean nothing until something else is written.
 *
 * @param {import('../../types/durable-object').DurableObjectWrites} storage
 * @param {[key: string, value: unknown][]} entries
 */
async function writeSome(storage, entries) {
  for (let first = 0; first < entries.length; first += KEYS)
    await storage.put(Object.fromEntries(entries.slice(first, first + KEYS)), OPTIONS)
}

/**
 * The entries from one key to before another.
 *
 * @param {Storage} storage
 * @param {string} start
 * @param {string} end
 * @param {boolean} reverse
 * @returns {AsyncGenerator<[key: string, value: unknown]>}
 */
async function* entriesOf(storage, start, end, reverse) {
  let [from, to] = [start, end]
  for (;;) {
    if (!(from < to)) return
    const page = await stored(storage.list({ start: from, end: to, reverse, limit: READ, ...OPTIONS }))
    let last = ''
    for (const entry of page) {
      yield entry
      last = entry[0]
    }
    if (page.size < READ) return
    if (reverse) to = last
    else from = `${last}\0`
  }
}

/**
 * The texts from one key to before another, each with its key.
 *
 * @param {Storage} storage
 * @param {string} start
 * @param {string} end
 * @param {boolean} [reverse]
 * @returns {AsyncGenerator<[key: string, text: string]>}
 * @throws {import('../errors.js').LimitrError} `store_damaged`
 */
async function* textsOf(storage, start, end, reverse = false) {
  /** @type {string[]} */
  let read = []
  let wanted = '' // the key of the piece that must come, where one must
  for await (const [key, value] of entriesOf(storage, start, end, reverse)) {
    const [base, number] = [key.slice(0, -7), Number(key.slice(-6))]
    const last = typeof value === 'string' && value[0] === '='
    if (typeof value !== 'string' || (wanted === '' ? !(reverse ? last : number === 0) : key !== wanted))
      throw damaged('a piece of what it keeps is missing')
    read.push(value.slice(1))
    const whole = reverse ? number === 0 : last
    wanted = whole ? '' : `${base}/${padded(number + (reverse ? -1 : 1), 6)}`
    if (!whole) continue
    yield [base, (reverse ? read.reverse() : read).join('')]
    read = []
  }
  if (wanted !== '') throw damaged('the end of what it keeps is missing')
}

/**
 * Deletes what is between two keys.
 *
 * @param {Storage} storage
 * @param {string} start
 * @param {string} end
 */
async function deleteRange(storage, start, end) {
  /** @type {string[]} */
  let keys = []
  for await (const [key] of entriesOf(storage, start, end, false)) {
    keys.push(key)
    if (keys.length < KEYS) continue
    await storage.delete(keys, OPTIONS)
    keys = []
  }
  if (keys.length > 0) await storage.delete(keys, OPTIONS)
}

/**
 * Waits for work on the storage, whose own errors become this package's.
 *
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
async function stored(work) {
  try {
    return await work
  } catch (cause) {
    const error = /** @type {any} */ (cause)
    throw error?.name === 'LimitrError'
      ? error
      : failed(`the storage refuses: ${error?.message ?? error}`, error)
  }
}

module.exports = { END, LIST, deleteRange, lists, padded, pieces, stored, textsOf, writeAll, writeSome }
