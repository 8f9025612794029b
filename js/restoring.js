// @ts-check

// Opens an engine whose changes an adapter keeps: what the adapter has is put back into an empty engine, bit by bit, before the
// given policy counts.

const { LimitrError } = require('./errors.js')
const { asStoreError } = require('./keeping.js')

/** @typedef {import('./core.js').Core} Core */
/** @typedef {import('../types/store-adapter.js').StoreAdapter} StoreAdapter */
/** @typedef {import('../types/store-adapter.js').Snapshot} Snapshot */

/** How many customers or changes are put back at a time. */
const PAGE_LENGTH = 1_000

/** What an adapter has. @typedef {Awaited<ReturnType<StoreAdapter['load']>>} Loaded */

/**
 * Puts back what the adapter has; how many changes stood beside its snapshot.
 *
 * @param {Core} core of an engine that is opened to be restored
 * @param {Loaded} loaded
 */
async function restore(core, loaded) {
  let changes = 0
  if (isSnapshot(loaded)) {
    const { customers, changes: since, ...head } = loaded
    core.ask('restoreHead', [head])
    await inPages(core, 'restoreCustomers', customers)
    if (since) changes = await inPages(core, 'restoreChanges', since)
  } else if (loaded !== null && loaded !== undefined) {
    changes = await inPages(core, 'restoreChanges', loaded)
  }
  core.ask('restored', [])
  return changes
}

/**
 * @param {StoreAdapter} adapter
 * @returns {Promise<Loaded>}
 */
async function loadedBy(adapter) {
  try {
    return await adapter.load()
  } catch (error) {
    throw error instanceof LimitrError ? error : asStoreError(error)
  }
}

/**
 * @param {any} loaded
 * @returns {loaded is Snapshot}
 */
function isSnapshot(loaded) {
  return loaded !== null && typeof loaded === 'object' && 'customers' in loaded
}

/**
 * @param {Core} core
 * @param {'restoreCustomers' | 'restoreChanges'} op
 * @param {Iterable<unknown> | AsyncIterable<unknown>} items
 */
async function inPages(core, op, items) {
  let [page, count] = [/** @type {unknown[]} */ ([]), 0]
  const put = () => {
    try {
      core.ask(op, [page])
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause)
      throw new LimitrError('store_damaged', `what the store gave can't be put back: ${said}`, { cause })
    }
    count += page.length
    page = []
  }
  for await (const item of items) {
    if (page.push(item) >= PAGE_LENGTH) put()
  }
  if (page.length > 0) put()
  return count
}

module.exports = { loadedBy, restore }
