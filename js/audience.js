// @ts-check

// An engine that worker threads share tells each of them what happens. The engine keeps a queue for each; a message on a channel
// of that name wakes the others when there is something in theirs that was empty.

const { takeEvents } = require('./events.js')

/** @typedef {import('./core.js').Core} Core */

class Audience {
  #channel

  /**
   * @param {Core} core
   * @param {string} name
   */
  constructor(core, name) {
    /** @type {any} */
    const channel = new BroadcastChannel(`limitr:${name}`)
    // An open channel is never collected: it must not keep an engine that was dropped.
    const dropped = new WeakRef(core)
    channel.onmessage = () => {
      const core = dropped.deref()
      if (core !== undefined && !core.closed) takeEvents(core, '', null, 0)
    }
    channel.unref?.() // listening alone keeps no thread alive
    /** @type {BroadcastChannel} */
    this.#channel = channel
  }

  /** Wakes the others. */
  wake() {
    this.#channel.postMessage(null)
  }

  close() {
    this.#channel.close()
  }
}

module.exports = { Audience }
