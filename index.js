// @ts-check

const { Limitr, LimitrError } = require('./js/node.js')

module.exports = { Limitr, LimitrError }
