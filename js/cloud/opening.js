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
  const { url, token, connectTimeout, leaseTimeout, offline, denyUnconnected, store, strictly } = options
  const kept = store === null ? {} : { store, strict: strictly }
  const rules = { connectTimeout, leaseTimeout, offline, denyUnconnected }
  const crossing = { url, token, ...rules, ...kept, instance: drawn() }
  const core =
    backend === 'native' ? await native(doors, crossing, options) : inWasm(doors, crossing, options)
  const link = /** @type {Link} */ (core.cloud)
  const settled = () => link.status.policyVersion !== null || isFinal(link.status)
  await link.until(settled, connectTimeout)
  if (link.status.policyVersion !== null) return core
  const { status } = link
  await link.close()
  core.close()
  throw status.error ?? unreached(status, options)
}

/** @param {import('../../types/cloud').CloudStatus} status */
const isFinal = ({ state, error }) =>
  state === 'failed' || state === 'closed' || (error !== null && error.code !== 'connect_timeout')

/**
 * @param {import('../../types/cloud').CloudStatus} status
 * @param {CloudOptions} options
 */
function unreached({ state }, { url, connectTimeout }) {
  const message =
    state === 'online'
      ? `${url} has no policy that is published: publish one first`
      : `no server was reached at ${url} within ${connectTimeout} ms: check the address, and that it runs`
  return new LimitrError('connect_timeout', message)
}

/**
 * @param {Binding['doors']} doors
 * @param {object} crossing
 * @param {CloudOptions} options
 */
async function native(doors, crossing, options) {
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
