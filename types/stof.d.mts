export * from './stof.js'
