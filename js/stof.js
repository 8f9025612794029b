// @ts-check

// Where the sandbox's module comes from. It is only ever asked for when a Stof document or a function is given: in Node it is then
// read from the file beside the package; elsewhere the app says so by importing `limitr/stof`. The place is one for all copies
// of the package in a process.

const { LimitrError } = require('./errors.js')

/**
 * @typedef {object} Place
 * @property {WebAssembly.Module | null} module once it is there
 * @property {(() => WebAssembly.Module | Promise<WebAssembly.Module>) | null} load what gives it
 */

const PLACE = Symbol.for('limitr.stof')

/** @returns {Place} */
function place() {
  const all = /** @type {any} */ (globalThis)
  all[PLACE] ??= { module: null, load: null }
  return all[PLACE]
}

/**
 * Says where the module comes from. What was said first stands, unless `anew`.
 *
 * @param {() => WebAssembly.Module | Promise<WebAssembly.Module>} load
 * @param {boolean} [anew]
 */
function provideStof(load, anew = false) {
  const here = place()
  if (here.load === null || anew) here.load = load
  if (anew) here.module = null
}

/** The module, which may have to be fetched. */
async function stofModule() {
  const here = place()
  if (here.module === null) here.module = await loader()()
  return here.module
}

/** The module, if it is there or can be had at once. */
function stofModuleNow() {
  const here = place()
  if (here.module !== null) return here.module
  const module = loader()()
  if (!(module instanceof WebAssembly.Module)) {
    void Promise.resolve(module).then(
      (loaded) => {
        here.module ??= loaded
      },
      () => {}
    )
    throw new LimitrError(
      'not_supported',
      'the sandbox of Stof is still being loaded: `await init()` of `limitr/stof` first, or use the method without `sync`'
    )
  }
  here.module = module
  return module
}

function loader() {
  const { load } = place()
  if (load !== null) return load
  throw new LimitrError(
    'not_supported',
    "Stof documents and functions need their sandbox, which this entry of limitr doesn't carry: add `import 'limitr/stof'` to the app"
  )
}

module.exports = { provideStof, stofModule, stofModuleNow }
