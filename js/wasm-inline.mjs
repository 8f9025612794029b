// The entry that carries the module in its code, for bundlers that emit no files beside it.

import base64 from '../wasm/bytes.mjs'
import { wasmEntry } from '../wasm/facade.mjs'

export const { Limitr, LimitrError, init } = wasmEntry(() =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
)
