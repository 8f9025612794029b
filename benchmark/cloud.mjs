// What the Cloud server holds on this machine: `npm run bench:cloud`. Server and engines share its cores.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildServer } from '../scripts/cloud.mjs'
import { providePostgres, withPostgres } from '../scripts/lib/postgres.mjs'
import { main, need } from '../scripts/lib/run.mjs'

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

const shown = (name, figures) =>
  [
    name.padEnd(12),
    `${figures.changesASecond} changes/s`.padStart(18),
    `${figures.connectsASecond} connects/s`.padStart(18),
    `${figures.sockets} sockets`.padStart(14),
    `policy at the last after ${figures.pushToTheLastMs.toFixed(0)} ms`.padStart(36)
  ].join('')

await main(async () => {
  const program = await buildServer()
  await need('cargo', ['build', ...LOAD])
  const folder = mkdtempSync(join(tmpdir(), 'limitr-bench-cloud-'))
  try {
    console.log(shown('SQLite', await measure(program, join(folder, 'cloud.db'))))
    const { bin, why } = await providePostgres()
    if (bin)
      await withPostgres(bin, async (url) => console.log(shown('PostgreSQL', await measure(program, url))))
    else console.log(`PostgreSQL is not measured here: ${why}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
