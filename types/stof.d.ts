import type { WasmSource } from './wasm.js'

/**
 * Loads the sandbox in which Stof runs, and waits for it. Importing `limitr/stof` is enough for `Limitr.new`; `init` is for methods
 * of `limitr.sync`, which can't wait, and for a module from elsewhere.
 *
 * @throws {LimitrError} `not_supported` if no module comes from there, `invalid_argument` if it is nothing of the kind
 * @example
 * import { init } from 'limitr/stof';
 *
 * await init();
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void>
