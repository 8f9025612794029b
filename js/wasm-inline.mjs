// `limitr/inline` for bundlers that emit no files beside the code: the module is carried as text.

import base64 from '../wasm/bytes.json'
import { wasmEntry } from '../wasm/facade.mjs'

export const { Limitr, LimitrError, init } = wasmEntry(() =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
)
