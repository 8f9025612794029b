// The README does what it says: its code prints what its comments say, it names every method, its links lead somewhere.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { PROTOTYPE } from './support/methods.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = join(ROOT, 'dist', 'readme')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const readme = read('README.md')

/** The fenced blocks: language and text. */
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language: language as string,
  text: text as string
}))
const scripts = blocks.filter(({ language }) => language === 'js' || language === 'cjs')

describe('the README', () => {
  // A block that begins with its name is a file beside the scripts; inside the repository they find `limitr` by its name.
  mkdirSync(FOLDER, { recursive: true })
  for (const { text } of blocks) {
    const name = /^# (\w+\.yaml)\n/.exec(text)?.[1]
    if (name) writeFileSync(join(FOLDER, name), text)
  }

  it.each(scripts.map((script, index) => ({ ...script, index })))('runs block $index', (script) => {
    const file = join(FOLDER, `block${script.index}.${script.language === 'cjs' ? 'cjs' : 'mjs'}`)
    writeFileSync(file, script.text)
    const said = [...script.text.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map(([, comment]) => comment)
    expect(said.length).toBeGreaterThan(0)
    // A store in a folder is the native binding's.
    const native = script.text.includes('store:') ? { LIMITR_BACKEND: 'native' } : {}
    const env = { ...process.env, ...native }
    const printed = execFileSync(process.execPath, [file], { cwd: FOLDER, encoding: 'utf8', env })
    expect(printed.trimEnd().split('\n')).toEqual(said)
  })

  it('shows five mistakes as the example prints them', () => {
    expect(readme).toContain(read('examples/diagnostics/expected.txt'))
  })

  it('names every method', () => {
    const methods = Object.getOwnPropertyNames(PROTOTYPE).filter((name) => name !== 'constructor')
    expect(methods.length).toBeGreaterThan(50)
    expect(methods.filter((name) => !new RegExp(`\`${name}[(\`]`).test(readme))).toEqual([])
  })
})

describe('a link', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)
  ]

  it.each(documents.filter((name) => name.endsWith('.md')))('of %s leads somewhere', (name) => {
    const links = [...read(name).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) => link as string)
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(name), link)))).toEqual([])
  })
})
