export * from './durable-object.js'
