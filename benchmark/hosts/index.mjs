// Everything that runs the workloads, each in processes of its own.
//
//   name     what the table calls it
//   backend  of the engine, where the host is one of its bindings
//   awaited  whether each call is awaited before the next is made, as app code does

/** @type {Record<string, { name: string, backend?: string, awaited?: boolean, parts?: string[], incumbent?: string }>} */
export const HOSTS = {
  'native-sync': { name: 'native, sync', backend: 'native', awaited: false, parts: ['small', 'large'] },
  'native-await': { name: 'native, awaited', backend: 'native', awaited: true, parts: ['small', 'large'] },
  'wasm-sync': { name: 'wasm, sync', backend: 'wasm', awaited: false, parts: ['small', 'large'] },
  'wasm-await': { name: 'wasm, awaited', backend: 'wasm', awaited: true, parts: ['small', 'large'] },
  'rate-limiter-flexible': { name: 'rate-limiter-flexible', incumbent: 'rate-limiter-flexible' },
  cedar: { name: 'Cedar', incumbent: '@cedar-policy/cedar-wasm' },
  zen: { name: 'ZEN, decision', incumbent: '@gorules/zen-engine' },
  'zen-expression': { name: 'ZEN, bare expression', incumbent: '@gorules/zen-engine' },
  stof: { name: 'Stof function' },
  rust: { name: 'Rust, no host' }
}

/** Those that are bindings of the engine. */
export const BINDINGS = Object.keys(HOSTS).filter((host) => HOSTS[host].backend)

/** Those that come from npm. */
export const INCUMBENTS = Object.keys(HOSTS).filter((host) => HOSTS[host].incumbent)
