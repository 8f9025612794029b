// @ts-check

// Classes whose methods are those of another one with something around them.

/**
 * The names of a class's methods, and of those it extends.
 *
 * @param {any} Class
 * @param {readonly string[]} apart those that nothing is put around
 */
function methodsOf(Class, apart) {
  /** @type {string[]} */
  const names = []
  for (
    let prototype = Class.prototype;
    prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
      if (typeof value === 'function' && !apart.includes(name) && !names.includes(name)) names.push(name)
  }
  return names
}

/**
 * Puts a method in place that stands for another one: by its name, with as many parameters.
 *
 * @param {object} prototype
 * @param {string} name
 * @param {number} length
 * @param {Function} method
 */
function define(prototype, name, length, method) {
  Object.defineProperty(method, 'name', { value: name, configurable: true })
  Object.defineProperty(method, 'length', { value: length, configurable: true })
  Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true })
}

module.exports = { define, methodsOf }
