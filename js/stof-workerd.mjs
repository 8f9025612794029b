// `limitr/stof` for Workers, which compile no bytes: the module is imported, compiled.

import module from '../wasm/limitr-stof.wasm'
import { stofEntry } from '../wasm/stof.mjs'

export const { init } = stofEntry(() => module)
