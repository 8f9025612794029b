// Small plots as SVG, by hand: axes on a logarithmic scale, bars, lines. Colours follow the reader's light or dark theme.

const STYLE = `<style>
  .page { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #59636e } .rule { stroke: #d1d9e0 }
  text { font: 13px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 }
  .s0 { --c: #59636e } .s1 { --c: #0969da } .s2 { --c: #bc4c00 } .s3 { --c: #8250df } .s4 { --c: #1a7f37 } .s5 { --c: #cf222e }
  .fill { fill: var(--c) } .line { stroke: var(--c); fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 6 4 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .ink { fill: #f0f6fc } .soft { fill: #9198a1 } .rule { stroke: #3d444d }
    .s0 { --c: #9198a1 } .s1 { --c: #4493f8 } .s2 { --c: #db6d28 } .s3 { --c: #ab7df8 } .s4 { --c: #3fb950 } .s5 { --c: #f85149 }
  }
</style>`

const escaped = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;')

export const text = (x, y, words, { kind = 'ink', anchor = 'start' } = {}) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${kind}" text-anchor="${anchor}">${escaped(words)}</text>`

export const line = (x1, y1, x2, y2) =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" class="rule"/>`

/** A whole picture. */
export const picture = (width, height, title, parts) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
${STYLE}
<rect width="${width}" height="${height}" class="page"/>
${text(16, 28, title, { kind: 'ink title' })}
${parts.join('\n')}
</svg>
`

/** A logarithmic scale between two powers of ten that hold all values: `{ place(value), ticks }`. */
export function logScale(values, from, to) {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  const place = (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from)
  const ticks = Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step))
  return { place, ticks }
}

/** A time on an axis, in the unit that keeps it short: `100 ns`, `10 µs`, `1 ms`. */
export function timeLabel(ns) {
  if (ns < 1e3) return `${ns} ns`
  if (ns < 1e6) return `${ns / 1e3} µs`
  return ns < 1e9 ? `${ns / 1e6} ms` : `${ns / 1e9} s`
}
