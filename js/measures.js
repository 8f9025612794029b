// @ts-check

// Lengths of time and sizes as options say them: a number, or text of a number and a unit, spelled as the engine's are.

/** In milliseconds. @type {Readonly<Record<string, number>>} */
const TIME_UNITS = {
  ms: 1,
  s: 1e3,
  min: 6e4,
  hr: 3.6e6,
  hours: 3.6e6,
  day: 8.64e7,
  days: 8.64e7,
  week: 6.048e8,
  weeks: 6.048e8
}

/** In bytes. @type {Readonly<Record<string, number>>} */
const SIZE_UNITS = {
  bytes: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40
}

/**
 * What is said, in the smallest of the units; `NaN` where it says nothing.
 *
 * @param {number | string} said
 * @param {Readonly<Record<string, number>>} units
 */
function measureOf(said, units) {
  if (typeof said === 'number') return said
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(said) ?? []
  if (digits === undefined) return Number.NaN
  if (unit === '') return Number(digits)
  return Object.hasOwn(units, unit) ? Number(digits) * units[unit] : Number.NaN
}

module.exports = { SIZE_UNITS, TIME_UNITS, measureOf }
