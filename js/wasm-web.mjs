// The entry for browsers, and for whatever can fetch a file that lies beside its code.
import { wasmEntry } from '../wasm/facade.mjs'

export const { Limitr, LimitrError, init } = wasmEntry(() => new URL('../wasm/limitr.wasm', import.meta.url))
