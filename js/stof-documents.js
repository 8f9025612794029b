// @ts-check

// Documents and parts of them in Stof: the sandbox reads them into what an engine takes, JSON, and says where each field stood,
// so that diagnostics point into the Stof text.

const { refused } = require('./documents.js')
const { LimitrError } = require('./errors.js')
const { readMs, Sandbox, SandboxError } = require('./sandbox.js')

/** @typedef {import('./documents.js').Document} Document */
/** @typedef {import('../index').Diagnostic} Diagnostic */

/** The longest document, as in every format: longer ones aren't even copied. */
const DOCUMENT_BYTES = 4 * 1024 * 1024

/** What only Stof says at the start of a line. */
const ONLY_STOF = /^\s*(#\[|\/\/|\/\*|(async\s+)?fn\s+\w+\s*\(|[A-Z]\w*\s+policy\s*:|policy\s*:\s*\{)/m

/**
 * Whether a text that is in no other format looks like Stof.
 *
 * @param {string} text
 */
function looksLikeStof(text) {
  return ONLY_STOF.test(text)
}

/**
 * A document in Stof as one that an engine reads.
 *
 * @param {WebAssembly.Module} module
 * @param {string} text
 * @param {number} now
 * @returns {Document}
 */
function stofDocument(module, text, now) {
  const { document, places } = read(module, text, now, { code: 'invalid_policy', what: 'the policy' })
  return { text: JSON.stringify(document, null, 1), format: 'json', isObject: false, problems: [], places }
}

/**
 * A part of a policy in Stof (the inside of a plan, of the notifications, of the capabilities), and the source of the functions in
 * it, which stands inside of the policy.
 *
 * @param {WebAssembly.Module} module
 * @param {readonly string[]} path where in the policy it belongs: `['plans', 'pro']`
 * @param {string} text
 * @param {number} now
 * @param {string} what
 * @returns {{ value: any, functions: string | null }}
 */
function stofPart(module, path, text, now, what) {
  const inside = `${path.map((name) => `${JSON.stringify(name)}: {`).join(' ')}\n${text}\n${'}'.repeat(path.length)}`
  const { document } = read(module, `policy: {${inside}}`, now, { code: 'invalid_policy', what, above: 1 })
  if (typeof document.policy !== 'object' || document.policy === null)
    throw new LimitrError(
      'invalid_argument',
      `${what} must be an object, or what stands inside of one in Stof`
    )
  const { functions, ...policy } = document.policy
  let value = policy
  for (const name of path) value = value?.[name] ?? {}
  return { value, functions: functions === undefined ? null : inside }
}

/**
 * @param {WebAssembly.Module} module
 * @param {string} text
 * @param {number} now
 * @param {{ code: string, what: string, above?: number }} about `above`: lines that stand before the user's own
 */
function read(module, text, now, about) {
  const at = { line: /** @type {number | null} */ (null), column: /** @type {number | null} */ (null) }
  const problem = (
    /** @type {string} */ code,
    /** @type {string} */ message,
    /** @type {string} */ help,
    place = at
  ) => refused([{ code, severity: 'error', message, path: '', ...place, help }], about)
  if (text.length > DOCUMENT_BYTES)
    throw problem(
      'too_large',
      `the document has ${text.length} characters`,
      `keep it within ${DOCUMENT_BYTES} bytes`
    )
  try {
    return new Sandbox(module).ask({ op: 'document', text }, now, readMs(text.length))
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    const code = error.code === 'too_large' ? 'too_large' : 'syntax'
    const message = error.code === 'failed' ? `the document can't be read: ${error.message}` : error.message
    throw problem(code, message, 'write it as Stof has it', {
      line: error.line === null ? null : error.line - (about.above ?? 0),
      column: error.column
    })
  }
}

/**
 * Diagnostics of the JSON that a Stof text became, with the places of the Stof text.
 *
 * @param {Document} document
 * @param {readonly Diagnostic[]} diagnostics
 * @returns {Diagnostic[]}
 */
function placedIn({ text, places }, diagnostics) {
  const lines = text.split('\n')
  /** @param {any} one */
  const moved = (one) => {
    const found = nearest(/** @type {Record<string, number[]>} */ (places), one.path)
    if (found === null || one.line === null) return { ...one, line: null, column: null }
    const line = lines[one.line - 1] ?? ''
    const isKey = line.search(/\S/) === one.column - 1
    const [keyLine, keyColumn, valueLine, valueColumn] = found
    return { ...one, line: isKey ? keyLine : valueLine, column: isKey ? keyColumn : valueColumn }
  }
  return diagnostics.map((diagnostic) => ({
    ...moved(diagnostic),
    ...(diagnostic.related && { related: diagnostic.related.map(moved) })
  }))
}

/**
 * The place of a path, or of what it lies in.
 *
 * @param {Record<string, number[]>} places
 * @param {string} path
 */
function nearest(places, path) {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['), 0)))
    if (Object.hasOwn(places, at)) return places[at]
  return null
}

/**
 * Refuses what the sandbox can't be asked for.
 *
 * @param {SandboxError} error
 * @param {string} path
 */
function functionFailed(error, path) {
  return new LimitrError('policy_function_failed', `\`${path}\` failed: ${error.message}`, { cause: error })
}

module.exports = { functionFailed, looksLikeStof, placedIn, stofDocument, stofPart }
