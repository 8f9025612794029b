// The entry for Workers, which compile no bytes: the module is imported, compiled.

import { wasmEntry } from '../wasm/facade.mjs'
import module from '../wasm/limitr.wasm'

export const { Limitr, LimitrError, init } = wasmEntry(() => module)
