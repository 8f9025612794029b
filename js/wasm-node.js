// @ts-check

// `limitr/wasm` where there are files: wasm, also where the native binding would load.

const { provideStof } = require('./stof.js')
const { stofFile } = require('./stof-file.js')
const { wasmEntry } = require('./wasm-entry.js')
const { wasmModule } = require('./wasm-file.js')

provideStof(stofFile)

module.exports = wasmEntry(wasmModule)
