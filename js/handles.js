// @ts-check

// Names as small integers, since every string that crosses costs as much as a decision. A name is told once and is a number
// from then on. There is room for a fixed count of names: a new one takes the place of the oldest.

/** The handle of whatever can't be a name: the empty name, which is nobody's. */
const NOBODY = 0

/** Most UTF-16 units of a name: one of 256 bytes of UTF-8, the most a name can have, has no more. */
const NAME_LENGTH_MAX = 256

/** Whether a text can be a name. @param {string} text */
const canBeName = (text) => text.length <= NAME_LENGTH_MAX && text.isWellFormed()

class Handles {
  /** How many names were told: while it stands, each number stands for what it stood for. */
  told = 0
  /** @type {Map<string, number>} */
  #numbers = new Map()
  /** The name that each number stands for. @type {string[]} */
  #names = []
  #next = NOBODY + 1
  #capacity
  #tell

  /**
   * @param {number} capacity
   * @param {(handle: number, name: string) => void} tell what makes a handle known to the binding
   */
  constructor(capacity, tell) {
    this.#capacity = capacity
    this.#tell = tell
  }

  /**
   * The handle of a name.
   *
   * @param {string} name
   * @returns {number}
   */
  of(name) {
    return this.#numbers.get(name) ?? this.#told(name)
  }

  /** @param {string} name */
  #told(name) {
    if (!canBeName(name)) return NOBODY
    const handle = this.#next
    this.#next = handle === this.#capacity ? NOBODY + 1 : handle + 1
    const oldest = this.#names[handle]
    if (oldest !== undefined) this.#numbers.delete(oldest)
    this.#tell(handle, name)
    this.told++
    this.#names[handle] = name
    this.#numbers.set(name, handle)
    return handle
  }
}

/** Handles for names that come in runs: the one that was asked for last is known without a look. */
class RecentHandles extends Handles {
  /** @type {string | null} */
  #lastName = null
  #last = NOBODY

  /**
   * The handle of a name.
   *
   * @override
   * @param {string} name
   * @returns {number}
   */
  of(name) {
    if (name === this.#lastName) return this.#last
    this.#last = super.of(name)
    this.#lastName = name
    return this.#last
  }
}

/** Handles for names while they are few. Past that, names stand for themselves: a map of them all would cost more than it saves. */
class FewHandles {
  /** @type {Map<string, number> | null} */
  #numbers = new Map()
  #capacity
  #tell

  /**
   * @param {number} capacity
   * @param {(handle: number, name: string) => void} tell what makes a handle known to the binding
   */
  constructor(capacity, tell) {
    this.#capacity = capacity
    this.#tell = tell
  }

  /**
   * The handle of a name, or the name.
   *
   * @param {string} name
   * @returns {number | string}
   */
  of(name) {
    if (this.#numbers === null) return name
    const known = this.#numbers.get(name)
    return known === undefined ? this.#told(this.#numbers, name) : known
  }

  /**
   * @param {Map<string, number>} numbers
   * @param {string} name
   */
  #told(numbers, name) {
    if (!canBeName(name)) return NOBODY
    if (numbers.size === this.#capacity) {
      this.#numbers = null
      return name
    }
    const handle = numbers.size + 1
    this.#tell(handle, name)
    numbers.set(name, handle)
    return handle
  }
}

module.exports = { FewHandles, Handles, RecentHandles }
