// @ts-check

// The sandbox's module where there are files: beside this package's code.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { LimitrError } = require('./errors.js')

const FILE = join(__dirname, '..', 'wasm', 'limitr-stof.wasm')

/** The module, compiled when the first Stof document or function needs it. */
function stofFile() {
  try {
    return new WebAssembly.Module(readFileSync(FILE))
  } catch (cause) {
    const message = `the sandbox of Stof can't be read from ${FILE}: keep the package's files together (Ex. not in a bundle), or import \`limitr/stof\``
    throw new LimitrError('not_supported', message, { cause })
  }
}

module.exports = { stofFile }
