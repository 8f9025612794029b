export * from '../index.js'

/** A class of the host by name; `never` where the host's types don't have it. */
type Hosted<Scope, Name extends string> = Scope extends Record<Name, { prototype: infer T }> ? T : never

/** A compiled module. `lib.dom` types it as anything: it is an object. */
export type CompiledModule = typeof globalThis extends { WebAssembly: infer W }
  ? Hosted<W, 'Module'> & object
  : object

/** Whatever a compiled module can be had from: itself, its bytes, a response that brings them, or an address. */
export type WasmSource =
  | CompiledModule
  | ArrayBuffer
  | ArrayBufferView
  | Hosted<typeof globalThis, 'Response'>
  | Hosted<typeof globalThis, 'URL'>
  | string

/**
 * Says where the module comes from that engines opened from now on run. Without it, this entry has a module of its own.
 *
 * @throws {LimitrError} `not_supported` if no module comes from there, `invalid_argument` if it is nothing of the kind
 * @example
 * import { init, Limitr } from 'limitr/wasm';
 * import module from 'limitr/limitr.wasm'; // where a bundler makes a `WebAssembly.Module` of it
 *
 * await init(module);
 * const limitr = await Limitr.new(document);
 */
export function init(source: WasmSource | Promise<WasmSource>): Promise<void>
