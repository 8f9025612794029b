// The entry for edge functions whose bundler gives a compiled module for `?module`.

import { wasmEntry } from '../wasm/facade.mjs'
import module from '../wasm/limitr.wasm?module'

export const { Limitr, LimitrError, init } = wasmEntry(() => module)
