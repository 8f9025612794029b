// @ts-check

// A policy as Stof text: reading it gives the same policy. Names that are none in Stof are quoted; the functions stay the text
// that they are.

/** A name that needs no quotes. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * @param {Record<string, any>} document `{ policy }`
 */
function stofText(document) {
  return `${fields(document, 0)}\n`
}

/**
 * @param {Record<string, any>} object
 * @param {number} depth
 * @returns {string}
 */
function fields(object, depth) {
  const indent = '  '.repeat(depth)
  return Object.entries(object)
    .map(([name, value]) => `${indent}${PLAIN.test(name) ? name : quoted(name)}: ${text(value, depth)}`)
    .join('\n')
}

/**
 * @param {any} value
 * @param {number} depth
 * @returns {string}
 */
function text(value, depth) {
  const indent = '  '.repeat(depth)
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    return `[\n${value.map((item) => `${indent}  ${text(item, depth + 1)}`).join(',\n')}\n${indent}]`
  }
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).length === 0 ? '{}' : `{\n${fields(value, depth + 1)}\n${indent}}`
  return String(value)
}

/** @param {string} value */
function quoted(value) {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  return `"${escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`
}

module.exports = { stofText }
