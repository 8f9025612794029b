// The ESM door of stof-node.js.
import entry from './stof-node.js'

export const { init } = entry
