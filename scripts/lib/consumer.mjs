// An app that uses the package as its users do: a fresh folder, the packed tarballs installed into it without a network, and
// an app's own files.

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { withFolderServed, withPage } from './browser.mjs'
import { Failed, need, path, root } from './run.mjs'

const INSTALL = ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error']
const READY_MS = 20_000

/** What every app may import beside its own files. */
const SHARED = ['cloud.mjs', 'cloud-lines.mjs', 'stof.mjs']

/** Installs tarballs into a folder, from nowhere else. */
export const installOffline = (folder, tarballs) => need('npm', [...INSTALL, ...tarballs], { cwd: folder })

export class Consumer {
  /**
   * @param {string} app the folder of the app's files
   * @param {string[]} tarballs of the package, then of this platform
   * @param {{ path: string | null, why?: string }} chromium where it is, or why there is none
   */
  constructor(app, tarballs, chromium) {
    this.tarballs = tarballs
    this.chromium = chromium
    this.folder = mkdtempSync(join(tmpdir(), 'limitr-consumer-'))
    for (const name of readdirSync(app).filter((file) => file !== 'run.mjs')) {
      cpSync(join(app, name), join(this.folder, name), { recursive: true })
    }
    for (const name of SHARED) cpSync(path('__test__', 'apps', 'shared', name), join(this.folder, name))
    if (existsSync(path('dist', 'report.mjs'))) {
      cpSync(path('dist', 'report.mjs'), join(this.folder, 'report.mjs'))
    }
  }

  /** Installs the package anew, with its addon for this platform or without. */
  async install({ platform }) {
    for (const name of ['node_modules', 'package-lock.json'])
      rmSync(join(this.folder, name), { recursive: true, force: true })
    const manifest = { name: 'app', version: '1.0.0', private: true }
    writeFileSync(join(this.folder, 'package.json'), JSON.stringify(manifest))
    const packages = platform ? this.tarballs : this.tarballs.slice(0, 1)
    await installOffline(this.folder, packages)
  }

  /** The addon that is installed. */
  addon() {
    const modules = join(this.folder, 'node_modules')
    const [name] = readdirSync(modules).filter((folder) => folder.startsWith('limitr-'))
    const [file] = readdirSync(join(modules, name)).filter((entry) => entry.endsWith('.node'))
    return join(modules, name, file)
  }

  /** The program of a runtime that is installed beside the tests. */
  tool(name) {
    const modules = path('__test__', 'apps', 'node_modules')
    const scopes = {
      bun: ['@oven', 'bin/bun'],
      deno: ['@deno', 'deno'],
      workerd: ['@cloudflare', 'bin/workerd']
    }
    const [scope, file] = scopes[name]
    const found = readdirSync(join(modules, scope)).map((folder) => join(modules, scope, folder, file))
    const program = found.find((one) => existsSync(one))
    if (!program) throw new Failed(`${name} isn't installed for this platform`)
    return program
  }

  /** What a program prints that must end well. `LIMITR_BACKEND` is what `env` says, or nothing. */
  print(command, args, { env = {} } = {}) {
    const limits = { LIMITR_BACKEND: '', NO_COLOR: '1' }
    return need(command, args, { cwd: this.folder, env: { ...limits, ...env } })
  }

  /** Runs a program for `work`, which is given how to send it a line of JSON and have the line that it answers by. */
  async conversing(command, args, env, work) {
    const limits = { LIMITR_BACKEND: '', NO_COLOR: '1' }
    const child = spawn(command, args, { cwd: this.folder, env: { ...process.env, ...limits, ...env } })
    let errors = ''
    child.stderr.on('data', (chunk) => (errors += chunk))
    const lines = createInterface({ input: child.stdout })
    const ended = new Promise((_, reject) => {
      child.once('error', reject)
      child.once('close', (code) => reject(new Failed(`${command} ended with code ${code}`)))
    })
    ended.catch(() => {}) // afterwards its end is wished for
    const ask = async (...call) => {
      const line = new Promise((resolve) => lines.once('line', resolve))
      child.stdin.write(`${JSON.stringify(call)}\n`)
      return JSON.parse(await Promise.race([line, ended]))
    }
    try {
      return await work(ask)
    } catch (error) {
      throw new Failed(error.message, { output: `${error.stack}\n${errors}` })
    } finally {
      child.kill('SIGKILL')
    }
  }

  /** Throws unless both are the same. */
  same(actual, expected, what) {
    if (actual !== expected) throw new Failed(`${what}: expected ${expected}, got ${actual}`)
  }

  /** Throws unless a text has the form that is expected. */
  matches(actual, expected) {
    if (!expected.test(actual)) throw new Failed(`expected ${expected}, got ${actual}`)
  }

  /** Throws unless a report (`__test__/apps/shared/report.ts`) is of a sound engine on that backend, and nothing else. */
  async reports(backend, text) {
    let report
    try {
      report = JSON.parse(text)
    } catch {
      throw new Failed('something else than a report was printed', { output: text })
    }
    this.same(report.backend, backend, 'what runs the engine')
    this.same(report.gate.join(), 'true,false', 'what the gate answers')
    if (report.failed.length > 0) throw new Failed('vectors fail', { output: report.failed.join('\n') })
    if (report.vectors < 200) throw new Failed(`only ${report.vectors} vectors were played`)
    this.vectors = report.vectors
  }

  /** Throws unless a text says what Stof does where it runs (`__test__/apps/shared/stof.mjs`). */
  runsStof(backend, text) {
    const expected = {
      backend,
      costs: [2, 8, 28, 2, 12, 3, 6, 7, 14],
      fallbacks: Array(3).fill('credits.token.overhead'),
      told: [...Array(4).fill('meter-changed'), ...Array(2).fill('policy-error')],
      refused: 'invalid_policy'
    }
    this.same(text, JSON.stringify(expected), 'what Stof does')
  }

  /** A port that nobody listens on. */
  freePort() {
    return new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address()
        server.close(() => resolve(port))
      })
    })
  }

  /** Runs a server while `work` lasts, which begins once the address answers. */
  async serving(command, args, url, work) {
    const child = spawn(command, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    try {
      await answers(url, child)
      return await work()
    } catch (error) {
      throw error instanceof Failed
        ? error
        : new Failed(error.message, { output: `${error.stack}\n${output}` })
    } finally {
      child.kill('SIGKILL')
    }
  }

  /** Opens a folder's page in Chromium for `work`; `more` is what its server and the page have beside. */
  page(folder, work, more = {}) {
    return withFolderServed(join(this.folder, folder), (url) => withPage(url, work, more), more)
  }

  /** Opens the page at an address in Chromium for `work`. */
  pageAt(url, work) {
    return withPage(url, work)
  }

  /** What a page says, once it says anything. */
  async shown(page) {
    await page.waitForFunction(() => document.body.textContent.trim() !== '')
    return (await page.textContent('body')).trim()
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

async function answers(url, child) {
  for (const since = performance.now(); performance.now() - since < READY_MS; ) {
    if (child.exitCode !== null) break
    try {
      await fetch(url, { signal: AbortSignal.timeout(1000) })
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Failed(`nothing answers at ${url}`)
}

/** Bundles what every app reports by, with all vectors in it, into dist/report.mjs. */
export async function bundleReport() {
  const { build } = await import('esbuild')
  const files = readdirSync(path('conformance')).filter(
    (name) => name.endsWith('.json') && name !== 'waiting.json'
  )
  const imports = files.map((name, index) => `import file${index} from './conformance/${name}'`)
  const entries = files.map((name, index) => `'${name}': file${index}`)
  await build({
    stdin: {
      contents: `${imports.join('\n')}
import { report } from './__test__/apps/shared/report.ts'
export default () => report({ ${entries.join(', ')} })`,
      resolveDir: root
    },
    outfile: path('dist', 'report.mjs'),
    bundle: true,
    format: 'esm',
    external: ['limitr'],
    target: 'es2022',
    logLevel: 'error'
  })
}
