// The rules by which a vector's expectation is compared, as conformance/README.md states them: numbers within 1e-9, objects by
// the fields listed, lists whole, null for undefined, everything else exactly.

const TOLERANCE = 1e-9

/** Where an answer isn't what a vector expects; null if it is. */
export function mismatch(expected: unknown, actual: unknown, path = 'answer'): string | null {
  if (expected === null || expected === undefined) {
    return actual === null || actual === undefined ? null : differs(path, expected, actual)
  }
  if (typeof expected === 'number') {
    return typeof actual === 'number' && near(expected, actual) ? null : differs(path, expected, actual)
  }
  if (Array.isArray(expected)) return listMismatch(expected, actual, path)
  if (typeof expected === 'object') return fieldMismatch(expected, actual, path)
  return expected === actual ? null : differs(path, expected, actual)
}

function near(expected: number, actual: number): boolean {
  return Math.abs(expected - actual) <= TOLERANCE * Math.max(1, Math.abs(expected), Math.abs(actual))
}

function listMismatch(expected: unknown[], actual: unknown, path: string): string | null {
  if (!Array.isArray(actual) || actual.length !== expected.length) return differs(path, expected, actual)
  for (const [index, item] of expected.entries()) {
    const found = mismatch(item, actual[index], `${path}[${index}]`)
    if (found !== null) return found
  }
  return null
}

function fieldMismatch(expected: object, actual: unknown, path: string): string | null {
  if (typeof actual !== 'object' || actual === null) return differs(path, expected, actual)
  for (const [field, value] of Object.entries(expected)) {
    const found = mismatch(value, (actual as Record<string, unknown>)[field], `${path}.${field}`)
    if (found !== null) return found
  }
  return null
}

function differs(path: string, expected: unknown, actual: unknown): string {
  return `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`
}
