// @ts-check

// The wasm module where there are files: the one beside this package's code, else the copy that is text.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { mayRead } = require('./permissions.js')

const FILE = join(__dirname, '..', 'wasm', 'limitr.wasm')

/** @type {WebAssembly.Module | null} */
let compiled = null

/** The module, compiled when the first engine needs it. */
function wasmModule() {
  compiled ??= new WebAssembly.Module(bytes())
  return compiled
}

/** @returns {BufferSource} */
function bytes() {
  try {
    if (mayRead(FILE)) return readFileSync(FILE)
  } catch {
    // In a bundle there is no such file.
  }
  // @ts-ignore: written by the build, which this check doesn't wait for
  return Buffer.from(require('../wasm/bytes.json'), 'base64')
}

module.exports = { wasmModule }
