import type { CompiledModule } from './wasm.js'

/** The module, compiled, where the host or a bundler makes that of an imported wasm file: for `init` of `limitr/wasm`. */
declare const module: CompiledModule
export default module
