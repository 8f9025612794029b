// @ts-check

// Opens an engine that is connected: it has no policy until the server's first one runs in it, and is given out then.

const { Core } = require('../core.js')
const { LimitrError } = require('../errors.js')
const { NativeKeeping, answerOf } = require('../keeping.js')
const { Link } = require('./link.js')
const { NativeDriver, openNative } = require('./native-driver.js')
const { WebDriver, assertWebSocket } = require('./web-driver.js')

/** @typedef {import('../limitr.js').Binding} Binding */
/** @typedef {import('./options.js').CloudOptions} CloudOptions */

/**
 * @param {Binding} binding
 * @param {CloudOptions} options
 * @returns {Promise<Core>}
 */
async function openedInCloud({ doors, backend }, options) {
  const { url, token, pinned, connectTimeout, leaseTimeout, offline, denyUnconnected, store, strictly } =
    options
  const kept = store === null ? {} : { store, strict: strictly }
  const rules = { connectTimeout, leaseTimeout, offline, denyUnconnected }
  const crossing = { url, token, pinned, ...rules, ...kept, instance: drawn() }
  const core =
    backend === 'native' ? await native(doors, crossing, options) : inWasm(doors, crossing, options)
  const link = /** @type {Link} */ (core.cloud)
  const settled = () => link.status.policyVersion !== null || isFinal(link.status)
  await link.until(settled, connectTimeout)
  if (link.status.policyVersion !== null) return core
  const { status } = link
  await link.close()
  core.close()
  // The engine's side may have said the same already, without knowing where the server was looked for, or why in vain.
  const final = status.error?.code === 'connect_timeout' ? null : status.error
  throw final ?? unreached(status, options, link.trouble)
}

/** @param {import('../../types/cloud').CloudStatus} status */
const isFinal = ({ state, error }) =>
  state === 'failed' || state === 'closed' || (error !== null && error.code !== 'connect_timeout')

/**
 * @param {import('../../types/cloud').CloudStatus} status
 * @param {CloudOptions} options
 * @param {unknown} cause
 */
function unreached({ state }, { url, connectTimeout }, cause) {
  if (state === 'online')
    return new LimitrError('connect_timeout', `${url} has no policy that is published: publish one first`)
  // A browser doesn't tell a page of another origin why it may not ask.
  const page = /** @type {any} */ (globalThis).location?.origin
  const origins =
    page && page !== 'null' && page !== new URL(url).origin ? `, and that its \`--origins\` has ${page}` : ''
  const message = `no server was reached at ${url} within ${connectTimeout} ms: check the address, and that it runs${origins}`
  return new LimitrError('connect_timeout', message, cause === undefined ? {} : { cause })
}

/**
 * @param {Binding['doors']} doors
 * @param {object} crossing
 * @param {CloudOptions} options
 */
async function native(doors, crossing, options) {
  if (options.ticket)
    throw new LimitrError(
      'not_supported',
      "`options.ticket` is for engines in wasm, where a token would be public: give `token`, or `backend: 'wasm'`"
    )
  /** @type {WeakRef<Core> | null} */
  let opened = null
  // The binding holds on to this for as long as the engine is open: it must not keep one alive that was dropped.
  const core = await openNative(doors, crossing, options.url, () => opened?.deref()?.cloud?.take())
  opened = new WeakRef(core)
  if (options.store !== null) core.keeping = new NativeKeeping(core, options.strictly)
  core.cloud = new Link(core, options)
  core.cloud.driver = new NativeDriver()
  core.cloud.take()
  return core
}

/**
 * @param {Binding['doors']} doors
 * @param {object} crossing
 * @param {CloudOptions} options
 */
function inWasm(doors, crossing, options) {
  if (options.store !== null) throw onlyNative()
  assertWebSocket()
  const { engine } = answerOf(doors.open('', 'cloud', JSON.stringify({ cloud: crossing })))
  const core = new Core(doors, 'wasm', { engine, diagnostics: [] })
  core.cloud = new Link(core, options)
  const driver = new WebDriver(core, core.cloud, options)
  core.cloud.driver = driver
  driver.stir(true)
  return core
}

function onlyNative() {
  return new LimitrError(
    'not_supported',
    'a store under Limitr Cloud needs the native binding, and wasm runs this engine: leave `store` out, or install the binding'
  )
}

/** The number of this opening: 128 random bits in hexadecimal. */
function drawn() {
  const parts = Array.from(crypto.getRandomValues(new Uint32Array(4)))
  return parts.map((part) => part.toString(16).padStart(8, '0')).join('')
}

module.exports = { openedInCloud }
