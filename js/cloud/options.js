// @ts-check

// The options of `Limitr.cloud`, read and checked.

const { LimitrError, unknownWord, wrongType } = require('../errors.js')
const { finite, flag, isObject, newName } = require('../arguments.js')
const { TIME_UNITS, measureOf } = require('../measures.js')
const { storeOptions } = require('../options.js')
const { variable } = require('../permissions.js')

/** @typedef {import('../../types/cloud').CloudStatus} CloudStatus */

const KNOWN = [
  'token',
  'ticket',
  'url',
  'policy',
  'connectTimeout',
  'leaseTimeout',
  'offline',
  'denyUnconnected',
  'store',
  'durability',
  'onStatus',
  'backend'
]

const URL_VARIABLE = 'LIMITR_CLOUD_URL'
const STANDARD_URL = 'http://127.0.0.1:8787'
const CONNECT_TIMEOUT_MS = 5_000
const LEASE_TIMEOUT_MS = 250
/** The longest that a timer of every host can wait, in milliseconds. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/**
 * @typedef {object} CloudOptions
 * @property {string} token empty where there are tickets
 * @property {(() => unknown) | null} ticket gives a new one at each call
 * @property {string} url with a scheme of HTTP, and no slash at the end
 * @property {number | null} pinned the version of the policy that runs; null: the one that is published
 * @property {number} connectTimeout in milliseconds
 * @property {number} leaseTimeout in milliseconds
 * @property {'deny' | 'allow' | number} offline
 * @property {boolean} denyUnconnected
 * @property {string | null} store the folder of its outbox
 * @property {boolean} strictly
 * @property {((status: CloudStatus) => unknown) | null} onStatus
 */

/**
 * What `Limitr.cloud` was given: a token, or options with one.
 *
 * @param {unknown} given
 * @returns {CloudOptions}
 */
function cloudOptions(given) {
  if (typeof given === 'string') return cloudOptions({ token: given })
  if (!isObject(given)) throw wrongType('options', 'a token, or an object with one', given)
  for (const name of Object.keys(given)) if (!KNOWN.includes(name)) throw unknownWord('option', name, KNOWN)
  return {
    ...credentialOf(given),
    url: urlOf(given.url),
    pinned: pinnedOf(given.policy),
    connectTimeout: timeoutOf(given.connectTimeout, 'connectTimeout', CONNECT_TIMEOUT_MS),
    leaseTimeout: timeoutOf(given.leaseTimeout, 'leaseTimeout', LEASE_TIMEOUT_MS),
    offline: offlineOf(given.offline),
    denyUnconnected: flag(given.denyUnconnected, 'options.denyUnconnected', false),
    ...outboxOf(given),
    onStatus: handlerOf(given.onStatus)
  }
}

/** @param {unknown} policy */
function pinnedOf(policy) {
  if (policy === undefined || policy === null || policy === 'active') return null
  if (typeof policy !== 'number')
    throw wrongType('options.policy', 'the word `active`, or the number of a version', policy)
  if (Number.isSafeInteger(policy) && policy >= 1) return policy
  throw new LimitrError(
    'invalid_value',
    `\`options.policy\` is \`${policy}\`: versions have whole numbers from 1 on, which \`GET /v1/policies\` lists`
  )
}

/** By what the server knows the engine: a token, or tickets. @param {Record<string, unknown>} given */
function credentialOf({ token, ticket }) {
  if (ticket === undefined || ticket === null) return { token: tokenOf(token), ticket: null }
  if (typeof ticket !== 'function') throw wrongType('options.ticket', 'a function that gets a ticket', ticket)
  if (token === undefined || token === null)
    return { token: '', ticket: /** @type {() => unknown} */ (ticket) }
  throw new LimitrError('invalid_argument', '`options` has `token` and `ticket`: one of them is enough')
}

/** @param {Record<string, unknown>} given */
function outboxOf({ store, durability }) {
  if (typeof store === 'object' && store !== null)
    throw new LimitrError(
      'not_supported',
      "`options.store` is no folder: under Limitr Cloud a folder keeps what the server doesn't have yet, and no adapter does; give its path, or leave `store` out"
    )
  const { store: folder, strictly } = storeOptions({ store, durability })
  return { store: folder, strictly }
}

/** @param {unknown} token */
function tokenOf(token) {
  if (token === undefined || token === null || token === '')
    throw new LimitrError('invalid_argument', '`options.token` is missing: give a token of the server')
  const text = newName(token, 'options.token')
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new LimitrError('invalid_value', '`options.token` has characters that no token has: copy it anew')
}

/** @param {unknown} given */
function urlOf(given) {
  const url = given ?? fromEnvironment() ?? STANDARD_URL
  if (typeof url !== 'string' && !(url instanceof URL)) throw wrongType('options.url', 'an address', url)
  const kind = 'use an address such as `https://limits.example.com`'
  let parsed
  try {
    parsed = new URL(String(url).replace(/^ws(s?):/i, 'http$1:'))
  } catch {
    throw new LimitrError('invalid_value', `\`options.url\` is \`${url}\`: ${kind}`)
  }
  const { protocol, username, password, search, hash } = parsed
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new LimitrError('invalid_value', `\`options.url\` is \`${url}\`: ${kind}`)
  if (username || password || search || hash)
    throw new LimitrError('invalid_value', `\`options.url\` names more than a place: ${kind}`)
  return parsed.href.replace(/\/+$/, '')
}

/** What the environment says, where the host has one. */
function fromEnvironment() {
  if (globalThis.process?.env === undefined) return undefined
  return variable(URL_VARIABLE) || undefined
}

/**
 * @param {unknown} given
 * @param {string} option
 * @param {number} standard
 */
function timeoutOf(given, option, standard) {
  if (given === undefined || given === null) return standard
  if (typeof given !== 'number' && typeof given !== 'string')
    throw wrongType(`options.${option}`, 'milliseconds, or text such as `5s`', given)
  const ms = Math.round(measureOf(given, TIME_UNITS))
  if (ms >= 0 && ms <= TIMEOUT_MS_MAX) return ms
  throw new LimitrError(
    'invalid_value',
    `\`options.${option}\` is \`${given}\`: use milliseconds, or text such as \`5s\`, up to 24 days`
  )
}

/**
 * @param {unknown} rule
 * @returns {'deny' | 'allow' | number}
 */
function offlineOf(rule) {
  const kind = '`deny`, `allow` or `{ allow: n }`'
  if (rule === undefined || rule === null) return 'deny'
  if (rule === 'deny' || rule === 'allow') return rule
  if (typeof rule === 'string') throw unknownWord('offline rule', rule, ['deny', 'allow'])
  if (!isObject(rule)) throw wrongType('options.offline', kind, rule)
  for (const name of Object.keys(rule)) if (name !== 'allow') throw unknownWord('option', name, ['allow'])
  if (typeof rule.allow !== 'number')
    throw wrongType('options.offline.allow', 'a number of units', rule.allow)
  const units = finite(rule.allow, 'options.offline.allow')
  if (units >= 0) return units
  throw new LimitrError('invalid_value', `\`options.offline.allow\` is \`${units}\`: use 0 or more`)
}

/** @param {unknown} handler */
function handlerOf(handler) {
  if (handler === undefined || handler === null) return null
  if (typeof handler !== 'function') throw wrongType('options.onStatus', 'a function', handler)
  return /** @type {(status: CloudStatus) => unknown} */ (handler)
}

module.exports = { cloudOptions }
