// @ts-check

// `limitr/stof`: says where the sandbox's module comes from. Importing it is enough; `init` takes it from elsewhere, and waits.

const { provideStof, stofModule } = require('./stof.js')
const { moduleOf } = require('./wasm-module.js')

/** @typedef {import('./wasm-module.js').ModuleSource} ModuleSource */

/**
 * @param {() => ModuleSource} standard
 */
function stofEntry(standard) {
  /** @type {(source: ModuleSource) => WebAssembly.Module | Promise<WebAssembly.Module>} */
  const given = (source) => (source instanceof WebAssembly.Module ? source : moduleOf(source))
  provideStof(() => given(standard()))

  /** @param {ModuleSource} [source] */
  const init = async (source) => {
    if (source !== undefined) provideStof(() => given(source), true)
    await stofModule()
  }
  return { init }
}

module.exports = { stofEntry }
