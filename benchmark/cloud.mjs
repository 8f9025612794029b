// What the Cloud server holds on this machine, and what a connection costs an engine's calls: `npm run bench:cloud [-- --no-build]`.
// Server and engines share its cores.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { build } from '../scripts/build.mjs'
import { buildWasm } from '../scripts/build-wasm.mjs'
import { buildServer } from '../scripts/cloud.mjs'
import { providePostgres, withPostgres } from '../scripts/lib/postgres.mjs'
import { main, need, path } from '../scripts/lib/run.mjs'
import { setupBindings } from '../scripts/setup.mjs'

const LOAD = ['--package', 'limitr-server', '--example', 'load', '--profile', 'server', '--locked', '--quiet']

/** Runs a server on a database while `work` lasts, which is given what it printed. */
async function withServer(program, database, work) {
  const args = ['--port', '0', '--print', 'json', '--database', database]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    for await (const line of createInterface(child.stdout)) return await work(JSON.parse(line))
    throw new Error('the server ended without a word')
  } finally {
    child.kill('SIGTERM')
  }
}

async function measure(program, database) {
  const load = join(dirname(program), 'examples', 'load')
  return withServer(program, database, async ({ url, token, adminToken }) =>
    JSON.parse(await need(load, [url.replace('http://', ''), token, adminToken]))
  )
}

/** What `sync.allow` costs an engine that is connected, beside one that isn't, on each binding. */
async function measureCalls(program, database) {
  for (const backend of ['native', 'wasm']) {
    const figures = await withServer(program, database(backend), async ({ url, token, adminToken }) => {
      const flags = typeof WebSocket === 'function' ? [] : ['--experimental-websocket', '--no-warnings']
      const script = path('benchmark', 'connected.mjs')
      return JSON.parse(await need(process.execPath, [...flags, script, backend, url, token, adminToken]))
    })
    for (const [mode, { local, connected }] of Object.entries(figures))
      console.log(
        `${backend}, ${mode} limit`.padEnd(20),
        `${local.toFixed(0)} ns alone`.padStart(14),
        `${connected.toFixed(0)} ns connected`.padStart(20),
        `${(connected / local).toFixed(2)}x`.padStart(10)
      )
  }
}

const shown = (name, figures) =>
  [
    name.padEnd(12),
    `${figures.changesASecond} changes/s`.padStart(18),
    `${figures.connectsASecond} connects/s`.padStart(18),
    `${figures.sockets} sockets`.padStart(14),
    `policy at the last after ${figures.pushToTheLastMs.toFixed(0)} ms`.padStart(36)
  ].join('')

await main(async () => {
  const { values } = parseArgs({ options: { 'no-build': { type: 'boolean', default: false } } })
  if (!values['no-build']) {
    await setupBindings()
    await build()
    await buildWasm()
  }
  const program = await buildServer()
  await need('cargo', ['build', ...LOAD])
  const folder = mkdtempSync(join(tmpdir(), 'limitr-bench-cloud-'))
  try {
    await measureCalls(program, (backend) => join(folder, `${backend}.db`))
    console.log(shown('SQLite', await measure(program, join(folder, 'cloud.db'))))
    const { bin, why } = await providePostgres()
    if (bin)
      await withPostgres(bin, async (url) => console.log(shown('PostgreSQL', await measure(program, url))))
    else console.log(`PostgreSQL is not measured here: ${why}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
