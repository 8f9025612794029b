// @ts-check

// What this process may do without asking anybody. Deno asks its user in the terminal for what wasn't granted, and an engine
// that opens must not: so it is queried first, and what isn't granted is done without. Node and Bun grant all of it.

/** @typedef {{ permissions: { querySync(of: object): { state: string } } }} Deno */

/** @param {...object} descriptors */
function granted(...descriptors) {
  const deno = /** @type {{ Deno?: Deno }} */ (globalThis).Deno
  if (!deno) return true
  return descriptors.every((descriptor) => deno.permissions.querySync(descriptor).state === 'granted')
}

/** Whether an addon may be looked for and loaded: its loader reads files and the environment. */
const mayLoadAddons = () => granted({ name: 'ffi' }, { name: 'read' }, { name: 'env' }, { name: 'sys' })

/**
 * Whether a file may be read.
 *
 * @param {string} path
 */
const mayRead = (path) => granted({ name: 'read', path })

/**
 * A variable of the environment; undefined also where it may not be seen.
 *
 * @param {string} name
 */
const variable = (name) => (granted({ name: 'env', variable: name }) ? process.env[name] : undefined)

module.exports = { mayLoadAddons, mayRead, variable }
