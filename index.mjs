// The ESM door: the one implementation, so that both kinds of import share their classes and state.
import limitr from './index.js'

export const { Limitr, LimitrError } = limitr
