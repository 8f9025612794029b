// Text for the terminal: numbers, times, tables.

const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 })
const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

/** A number with its digits in groups of three: `28,185`. */
export const grouped = (number) => numbers.format(number)

/** Runes as dollars: `$404.22`. */
export const money = (runes) => dollars.format(runes)

/** A share in percent with one digit after the point: `12.5%`. */
export const percent = (part, whole) => `${((100 * part) / whole || 0).toFixed(1)}%`

/** A time as `2023-11-16 18:15:46` in UTC; null stays null. */
export const utc = (ms) => (ms === null ? null : new Date(ms).toISOString().slice(0, 19).replace('T', ' '))

const shown = (cell) => {
  if (cell === null || cell === undefined) return '-'
  return typeof cell === 'number' ? grouped(cell) : String(cell)
}

/**
 * A table as text, indented by two. `columns` maps titles to `'left'` or `'right'`; `rows` are lists of cells in that
 * order. Numbers are grouped, null is a dash. `total` is one more row, set apart by a line.
 */
export function table(columns, rows, total) {
  const titles = Object.keys(columns)
  const sides = Object.values(columns)
  const lines = [titles, ...rows, ...(total ? [total] : [])].map((cells) => cells.map(shown))
  const widths = titles.map((_, at) => Math.max(...lines.map((cells) => cells[at].length)))
  const text = lines.map((cells) => {
    const padded = cells.map((cell, at) =>
      sides[at] === 'right' ? cell.padStart(widths[at]) : cell.padEnd(widths[at])
    )
    return `  ${padded.join('  ').trimEnd()}`
  })
  const rule = `  ${widths.map((width) => '-'.repeat(width)).join('  ')}`
  text.splice(1, 0, rule)
  if (total) text.splice(-1, 0, rule)
  return text.join('\n')
}
