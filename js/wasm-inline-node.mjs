// The ESM door of wasm-inline.js.
import entry from './wasm-inline.js'

export const { Limitr, LimitrError, init } = entry
