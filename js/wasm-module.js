// @ts-check

// A compiled module from whatever holds one: a module, its bytes, a response, an address, or a promise of one of them.

const { LimitrError, shown } = require('./errors.js')

/** @typedef {WebAssembly.Module | BufferSource | Response | URL | string} Source */
/** @typedef {Source | Promise<Source>} ModuleSource */

/** What every wasm module begins with. */
const MAGIC = [0x00, 0x61, 0x73, 0x6d]

const ADVICE =
  "serve the package's wasm/limitr.wasm there, keep bundlers from moving the code away from it (Vite: `optimizeDeps: { exclude: ['limitr'] }`), or import `limitr/inline`"

/**
 * @param {ModuleSource} source
 * @returns {Promise<WebAssembly.Module>}
 * @throws {LimitrError} `not_supported`: no module came; `invalid_argument`: it is nothing of the kind
 */
async function moduleOf(source) {
  const given = await source
  if (given instanceof WebAssembly.Module) return given
  if (given instanceof ArrayBuffer || ArrayBuffer.isView(given)) return compiled(given, 'the bytes')
  if (typeof given === 'string' || given instanceof URL) return fetched(given)
  if (typeof Response === 'function' && given instanceof Response) return received(given)
  const message = `a compiled module, its bytes, a response or an address is needed, but ${shown(given)} was given`
  throw new LimitrError('invalid_argument', message)
}

/** @param {string | URL} address */
async function fetched(address) {
  let response
  try {
    response = await fetch(address)
  } catch (cause) {
    throw new LimitrError('not_supported', `limitr.wasm could not be fetched from ${address}: ${ADVICE}`, {
      cause
    })
  }
  return received(response)
}

/** @param {Response} response */
async function received(response) {
  const from = response.url || 'the response'
  if (!response.ok) {
    throw new LimitrError(
      'not_supported',
      `limitr.wasm isn't at ${from} (status ${response.status}): ${ADVICE}`
    )
  }
  if (response.headers.get('Content-Type')?.startsWith('application/wasm')) {
    return WebAssembly.compileStreaming(response)
  }
  return compiled(await response.arrayBuffer(), from)
}

/**
 * @param {BufferSource} bytes
 * @param {string} from
 */
async function compiled(bytes, from) {
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes)
  if (MAGIC.some((byte, at) => view[at] !== byte)) {
    throw new LimitrError('not_supported', `what came from ${from} is no wasm module: ${ADVICE}`)
  }
  return WebAssembly.compile(bytes)
}

module.exports = { moduleOf }
