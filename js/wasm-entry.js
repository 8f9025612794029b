// @ts-check

// What an entry of the package exports that has wasm and nothing else.

const { LimitrError } = require('./errors.js')
const { limitrOver } = require('./limitr.js')
const { moduleOf } = require('./wasm-module.js')
const { wasmDoors } = require('./wasm.js')

/** @typedef {import('./wasm-module.js').ModuleSource} ModuleSource */

/**
 * @param {() => ModuleSource} standard where the module comes from, unless `init` said otherwise
 */
function wasmEntry(standard) {
  /** @type {Promise<WebAssembly.Module> | null} */
  let loading = null

  /** @param {ModuleSource} source */
  const init = async (source) => {
    const module = await moduleOf(source)
    loading = Promise.resolve(module)
  }

  /**
   * @param {'auto' | import('../index').Backend} wanted
   * @returns {Promise<import('./limitr.js').Binding>}
   */
  const bind = async (wanted) => {
    if (wanted === 'native') {
      const message =
        'there is no native binding here: this entry of limitr has wasm only (leave `backend` out)'
      throw new LimitrError('not_supported', message)
    }
    loading ??= moduleOf(standard()).catch((error) => {
      loading = null // a later engine may find the network back
      throw error
    })
    return { doors: wasmDoors(await loading), backend: 'wasm' }
  }

  return { Limitr: limitrOver(bind), LimitrError, init }
}

module.exports = { wasmEntry }
