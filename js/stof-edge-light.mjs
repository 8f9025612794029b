// `limitr/stof` for edge functions whose bundler gives a compiled module for `?module`.

import module from '../wasm/limitr-stof.wasm?module'
import { stofEntry } from '../wasm/stof.mjs'

export const { init } = stofEntry(() => module)
