// @ts-check

// `limitr/inline` for `require`: the module is carried as text.

const { wasmEntry } = require('./wasm-entry.js')

module.exports = wasmEntry(() =>
  // @ts-ignore: written by the build, which this check doesn't wait for
  Uint8Array.from(atob(require('../wasm/bytes.json')), (character) => character.charCodeAt(0))
)
