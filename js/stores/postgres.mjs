// The ESM door of postgres.js.
import stores from './postgres.js'

export const { postgresStore } = stores
