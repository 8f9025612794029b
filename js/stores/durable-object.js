// @ts-check

// `limitr/durable-object`. The build makes an ESM file of it for Workers.

const { DurableObjectStore } = require('./durable-object-store.js')

/** @type {typeof import('../../types/durable-object').durableObjectStore} */
const durableObjectStore = (storage, options) => new DurableObjectStore(storage, options)

module.exports = { durableObjectStore }
