// docs/errors.md lists every code that the sources have, and no other.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The text of every file of a kind below a folder. */
function sources(folder: string, ending: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'))
}

/** What the first group of a pattern holds, wherever it matches. */
const found = (texts: string[], pattern: RegExp) =>
  texts.flatMap((text) => [...text.matchAll(pattern)].map(([, code]) => code as string))

const rust = [...sources('crates/engine/src', '.rs'), ...sources('src', '.rs')]
const script = sources('js', '.js')

/** Of errors with the code written out, those of a store in a folder among them, and of enums that tell theirs in `fn code`. */
const ofErrors = [
  ...found(rust, /EngineError::new\(\s*"([a-z_]+)"/g),
  ...found(found(rust, /fn code\(&self\) -> &'static str \{(.*?)\n {4}\}/gs), /"([a-z_]+)"/g),
  ...found(sources('crates/store/src', '.rs'), /StoreError \{ code: "([a-z_]+)"/g),
  ...found(script, /new LimitrError\(\s*'([a-z_]+)'/g)
].filter((code) => code !== 'stof')
/** Of diagnostics: the table in policy/codes.rs. */
const ofDiagnostics = found(rust, /^ {4}[A-Z_]+ = "([a-z_]+)", "/gm)

/** Codes that only those who drive the Rust engine themselves come to. */
const RUST_ONLY = ['outbox_full', 'change_gap', 'invalid_change']

describe('docs/errors.md', () => {
  const [codes = ''] = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8').split('\n## Reasons\n')
  const [, diagnostics = ''] = codes.split('\n## Codes of diagnostics\n')
  const documented = (text: string) => found([text], /^\| `([a-z_]+)` \|/gm)

  it('lists every code of a diagnostic, and no other', () => {
    expect(ofDiagnostics.length).toBeGreaterThan(30)
    expect(documented(diagnostics).toSorted()).toEqual(ofDiagnostics.toSorted())
  })

  it('lists every code of an error, and no other', () => {
    expect(ofErrors.length).toBeGreaterThan(40)
    expect(new Set(documented(codes))).toEqual(new Set(['invalid_policy', ...ofErrors, ...ofDiagnostics]))
  })

  it('and the types know every code', () => {
    const typed = new Set(found([readFileSync(join(ROOT, 'types/values.d.ts'), 'utf8')], /\| '([a-z_]+)'/g))
    const missing = [...ofErrors, ...ofDiagnostics].filter(
      (code) => !typed.has(code) && !RUST_ONLY.includes(code)
    )
    expect(missing).toEqual([])
  })
})
