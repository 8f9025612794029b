// @ts-check

// `limitr/postgres`.

const { PostgresStore } = require('./postgres-store.js')

/** @type {typeof import('../../types/postgres').postgresStore} */
const postgresStore = (options) => new PostgresStore(options)

module.exports = { postgresStore }
