// `limitr/stof` for browsers, and for whatever can fetch a file that lies beside its code.
import { stofEntry } from '../wasm/stof.mjs'

export const { init } = stofEntry(() => new URL('../wasm/limitr-stof.wasm', import.meta.url))
