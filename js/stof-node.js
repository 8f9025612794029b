// @ts-check

// `limitr/stof` where there are files.

const { stofEntry } = require('./stof-entry.js')
const { stofFile } = require('./stof-file.js')

module.exports = stofEntry(stofFile)
