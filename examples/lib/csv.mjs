// Reads plain CSV files: a line of column names, then one row a line, no quoting.

import { readFileSync } from 'node:fs'

/** The rows of a CSV file, as objects keyed by column. A row with another number of cells throws. */
export function readCsv(file) {
  const [head, ...lines] = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/)
  const columns = head.split(',')
  return lines.map((line, index) => {
    const cells = line.split(',')
    if (cells.length !== columns.length)
      throw new Error(`line ${index + 2}: ${cells.length} cells, but ${columns.length} columns`)
    return Object.fromEntries(columns.map((column, at) => [column, cells[at]]))
  })
}
