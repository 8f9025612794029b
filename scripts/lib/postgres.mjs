// A PostgreSQL of its own for the tests: a fresh cluster in a temporary folder, on loopback, stopped and gone at the end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aptInstall } from './apt.mjs'
import { Failed, need, run } from './run.mjs'

const DEBIAN = '/usr/lib/postgresql'

/** Debian has a folder for each version; elsewhere the programs are where `pg_config` says. */
async function programs() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((one, other) => other - one) : []
  const folders = versions.map((version) => join(DEBIAN, version, 'bin'))
  const { code, output } = await run('pg_config', ['--bindir'])
  if (code === 0) folders.push(output.trim())
  return folders.find((folder) => existsSync(join(folder, 'initdb')))
}

/** The folder of PostgreSQL's programs, installing them where that may be done; else why there are none. */
export async function providePostgres() {
  const found = await programs()
  if (found) return { bin: found }
  await aptInstall(['postgresql'])
  const installed = await programs()
  if (installed) return { bin: installed }
  return { bin: null, why: "there is no PostgreSQL, and Debian's package can't be installed" }
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** Who runs it: PostgreSQL refuses to run as root. */
async function owner() {
  if (process.getuid() !== 0) return {}
  const [uid, gid] = [await need('id', ['-u', 'postgres']), await need('id', ['-g', 'postgres'])].map(Number)
  return { uid, gid }
}

/** Runs a program of PostgreSQL to its end, or to where `ready` says that it goes on well. */
function started(program, args, options, ready) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const said = (chunk) => {
      output += chunk
      if (ready?.test(output)) resolve(child)
    }
    child.stdout.on('data', said)
    child.stderr.on('data', said)
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0 && !ready) resolve(child)
      else reject(new Failed(`\`${program}\` ended with code ${code}`, { output }))
    })
  })
}

/** Runs a fresh cluster while `work` lasts, which is given its address. */
export async function withPostgres(bin, work) {
  const folder = mkdtempSync(join(tmpdir(), 'limitr-postgres-'))
  const data = join(folder, 'data')
  try {
    const options = { cwd: folder, ...(await owner()) }
    if (options.uid !== undefined) chownSync(folder, options.uid, options.gid)
    const form = ['--encoding=UTF8', '--locale=C', '--auth=trust', '--username=postgres', '--no-sync']
    await started(join(bin, 'initdb'), [`--pgdata=${data}`, ...form], options)
    const port = await freePort()
    const args = ['-D', data, '-p', port, '-h', '127.0.0.1', '-k', folder, '-F']
    const server = await started(join(bin, 'postgres'), args, options, /ready to accept connections/)
    try {
      return await work(`postgres://postgres@127.0.0.1:${port}/postgres`)
    } finally {
      server.kill('SIGINT') // it ends its connections, then itself
      if (server.exitCode === null && server.signalCode === null) await once(server, 'close')
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
