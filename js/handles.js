// @ts-check

// Names as small integers, for a binding that pays for every string which crosses. A name is told once and is a number from
// then on. There is room for a fixed count of names: a new one takes the place of the oldest.

/** The handle of whatever can't be a name: the empty name, which is nobody's. */
const NOBODY = 0

/** Most UTF-16 units of a name: one of 256 bytes of UTF-8, the most a name can have, has no more. */
const NAME_LENGTH_MAX = 256

class Handles {
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
    const known = this.#numbers.get(name)
    return known === undefined ? this.#told(name) : known
  }

  /** @param {string} name */
  #told(name) {
    if (name.length > NAME_LENGTH_MAX || !name.isWellFormed()) return NOBODY
    const handle = this.#next
    this.#next = handle === this.#capacity ? NOBODY + 1 : handle + 1
    const oldest = this.#names[handle]
    if (oldest !== undefined) this.#numbers.delete(oldest)
    this.#tell(handle, name)
    this.#names[handle] = name
    this.#numbers.set(name, handle)
    return handle
  }
}

module.exports = { Handles }
