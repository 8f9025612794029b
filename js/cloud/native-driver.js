// @ts-check

// A native engine is connected by a thread of the binding, which sees to everything by itself, also while JavaScript is busy. Here is only
// what it tells, and what it is told when the engine is opened.

const { Core } = require('../core.js')
const { answerOf } = require('../keeping.js')

/** @typedef {import('../core.js').Doors} Doors */

/** @typedef {import('./link.js').Driver} Driver */

/** @implements {Driver} */
class NativeDriver {
  stir() {}
  stop() {}
}

/**
 * Opens a native engine that has no policy yet, and begins to connect it.
 *
 * @param {Doors} doors
 * @param {object} crossing what the binding is to know
 * @param {string} url
 * @param {() => void} tell called when there is something new
 */
async function openNative(doors, crossing, url, tell) {
  const roots = url.startsWith('https:') ? 'host' : ''
  const { engine } = answerOf(await doors.openCloud(JSON.stringify(crossing), roots, tell))
  return new Core(doors, 'native', { engine, diagnostics: [] })
}

module.exports = { NativeDriver, openNative }
