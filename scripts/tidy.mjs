// House rules that no other tool checks: see CONTRIBUTING.md, "House style".

import { readFileSync } from 'node:fs'
import { Failed, isMain, main, need, path } from './lib/run.mjs'

const MAX_LINES = 500
const CODE = /\.(?:rs|[mc]?[jt]s)$/
const RUST = /\.rs$/
const SCRIPT = /\.[mc]?[jt]s$/
const ENGINE = /^crates\/engine\/src\/(?!.*tests?(?:\/|\.rs$))/
const DATA = /(?:^|\/)(?:Cargo\.lock|package-lock\.json)$|^(?:conformance|fuzz\/seeds)\/|\.csv$/

/** Rules for single lines: `files` says where, `not` excuses a line. */
const LINE_RULES = [
  {
    files: CODE,
    has: /\b(?:TO[D]O|FIX[M]E|to[d]o!|unimp[l]emented!)/,
    say: 'unfinished work: do it, or file it'
  },
  {
    files: ENGINE,
    has: /\.(?:unwrap\(\)|expect\(["&])/,
    not: /^\s*\/\//,
    say: 'the engine never unwraps: return an error'
  },
  { files: RUST, has: /#\[ign[o]re/, say: 'a test is switched off' },
  { files: SCRIPT, has: /\b(?:it|test|describe|suite)\.(?:only|skip|todo)\b/, say: 'a test is switched off' },
  { files: /./, has: /(?:^|[\s"'`(=])\/(?:work|root|home)\//, say: 'a path of one machine' },
  { files: /./, has: /^(?:<{7}|>{7}) /, say: 'a merge was left half done' }
]

/** The lines of a Rust file before its unit tests, which may unwrap. */
function withoutTests(lines) {
  const tests = lines.findIndex((line) => /^#\[cfg\(test\)\]/.test(line))
  return tests < 0 ? lines : lines.slice(0, tests)
}

function problemsOf(file, text) {
  const lines = text.split('\n')
  const found = []
  if (CODE.test(file) && lines.length - 1 > MAX_LINES)
    found.push(`${file}: ${lines.length - 1} lines, at most ${MAX_LINES}: make it two rooms`)
  for (const rule of LINE_RULES.filter(({ files }) => files.test(file))) {
    const judged = rule.files === ENGINE ? withoutTests(lines) : lines
    judged.forEach((line, index) => {
      if (rule.has.test(line) && !rule.not?.test(line)) found.push(`${file}:${index + 1}: ${rule.say}`)
    })
  }
  return found
}

const json = (file) => JSON.parse(readFileSync(path(file), 'utf8'))

/** One version everywhere, and a lockfile that names no host. */
function problemsOfPackages(files) {
  const found = []
  const { version } = json('package.json')
  const says = {
    'Cargo.toml': /^version = "(.+)"$/m.exec(readFileSync(path('Cargo.toml'), 'utf8'))?.[1],
    'package-lock.json': json('package-lock.json').version
  }
  for (const file of files.filter((name) => /^npm\/[^/]+\/package\.json$/.test(name)))
    says[file] = json(file).version
  for (const [file, said] of Object.entries(says))
    if (said !== version) found.push(`${file}: version ${said}, but package.json says ${version}`)
  if (!readFileSync(path('CHANGELOG.md'), 'utf8').includes(`## [${version}]`))
    found.push(`CHANGELOG.md: no section for ${version}`)
  if (readFileSync(path('package-lock.json'), 'utf8').includes('"resolved": "http'))
    found.push('package-lock.json: names a registry host: remove `resolved`, keep .npmrc')
  return found
}

/** Checks every file that git tracks or would track. */
export async function tidy() {
  const listed = await need('git', [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate'
  ])
  const files = listed.trim().split('\n')
  const problems = problemsOfPackages(files)
  for (const file of files.filter((name) => !DATA.test(name))) {
    const bytes = readFileSync(path(file))
    if (!bytes.includes(0)) problems.push(...problemsOf(file, bytes.toString()))
  }
  if (problems.length > 0)
    throw new Failed(`${problems.length} untidy places`, { output: problems.join('\n') })
  return `${files.length} files`
}

if (isMain(import.meta.url)) await main(async () => console.log(await tidy()))
