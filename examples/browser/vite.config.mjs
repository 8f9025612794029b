import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const installed = existsSync(path('node_modules/limitr'))
const inRepository = existsSync(path('../../js/wasm-web.mjs'))

export default {
  base: './',
  build: { target: 'es2022' },
  // Pre-bundling would move limitr's code away from the .wasm that lies beside it.
  optimizeDeps: { exclude: ['limitr'] },
  // Inside limitr's own repository the name means the repository; in an app it is what npm installed.
  resolve: { alias: installed || !inRepository ? {} : { limitr: path('../../js/wasm-web.mjs') } },
  server: { fs: { allow: inRepository ? ['.', '../..'].map(path) : [path('.')] } }
}
