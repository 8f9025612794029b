// @ts-check

const { LimitrError } = require('./js/errors.js')
const { Limitr } = require('./js/limitr.js')

module.exports = { Limitr, LimitrError }
