// The ESM door of wasm-node.js.
import entry from './wasm-node.js'

export const { Limitr, LimitrError, init } = entry
