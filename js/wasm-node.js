// @ts-check

// `limitr/wasm` where there are files: wasm, also where the native binding would load.

const { wasmEntry } = require('./wasm-entry.js')
const { wasmModule } = require('./wasm-file.js')

module.exports = wasmEntry(wasmModule)
