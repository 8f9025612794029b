// @ts-check

// The package in Node, Bun and Deno. Engines run on the native binding if it loads, else on wasm. The option `backend`, or
// else the variable `LIMITR_BACKEND`, asks for one of them: then it is that one or an error.

const { LimitrError, unknownWord } = require('./errors.js')
const { limitrOver } = require('./limitr.js')
const { nativeDoors } = require('./native.js')
const { BACKENDS } = require('./options.js')
const { mayLoadAddons, variable } = require('./permissions.js')
const { provideStof } = require('./stof.js')

/** @typedef {import('./limitr.js').Binding} Binding */
/** @typedef {import('../index').Backend} Backend */

const VARIABLE = 'LIMITR_BACKEND'

/** Whether the native binding was tried and didn't load. */
let missing = false

/**
 * A binding for a new engine.
 *
 * @param {'auto' | Backend} wanted
 * @returns {Binding}
 */
function bind(wanted) {
  const backend = wanted === 'auto' ? fromEnvironment() : wanted
  if (backend === 'native') return { doors: nativeDoors(), backend }
  if (backend === 'auto' && !missing && mayLoadAddons()) {
    try {
      return { doors: nativeDoors(), backend: 'native' }
    } catch {
      missing = true
    }
  }
  return { doors: wasmDoorsOfFile(), backend: 'wasm' }
}

/** Loaded when it is needed: where the native binding runs, it never is. */
function wasmDoorsOfFile() {
  const { wasmModule } = require('./wasm-file.js')
  const { wasmDoors } = require('./wasm.js')
  return wasmDoors(wasmModule())
}

function fromEnvironment() {
  const value = variable(VARIABLE)
  if (value === undefined || value === '') return 'auto'
  const backend = BACKENDS.find((known) => known === value)
  if (backend === undefined) throw unknownWord(`value of ${VARIABLE}`, value, BACKENDS)
  return backend
}

provideStof(() => require('./stof-file.js').stofFile())

module.exports = { Limitr: limitrOver(bind), LimitrError }
