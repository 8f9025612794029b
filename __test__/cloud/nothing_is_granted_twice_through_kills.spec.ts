// Four processes with an engine each hammer one hard limit, through kills of engines and of servers at random moments. Engines keep
// their outbox under durability `strict`. At no moment is more granted than the limit has, and in the end, once every engine that was
// killed was opened again on its store, all of it was: what died with a process came back with its folder.
//
// Processes write what was granted to a pipe, once they are told. What is on its way at a kill may be granted and never heard, so what
// was heard is at most what the server counts, and less by no more than was on its way.
//
// SEED plays one run again; KILLS makes more of it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { folder, limit, plan, Server, soon } from './support.js'

const LIMIT = 100_000
const ENGINES = 4
/** Calls that an engine has under way at a time, and the most units of one. */
const CALLERS = 8
const UNITS_MAX = 40
const KILLS = Number(process.env.KILLS ?? 12)
const POSTGRES = process.env.LIMITR_TEST_POSTGRES
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Arguments: address, token, store. Told `all` it takes what there is, down to single units; told `close` it closes. */
const SCRIPT = `
  const { writeSync } = require('node:fs')
  const { createInterface } = require('node:readline')
  const { Limitr } = require('limitr')
  const [url, token, store] = process.argv.slice(1)
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, Math.random() * ms))
  let told = ''
  createInterface({ input: process.stdin }).on('line', (line) => { told = line })
  async function opened() {
    for (;;) {
      try {
        return await Limitr.cloud({ url, token, store, durability: 'strict' })
      } catch (error) {
        if (error.code !== 'connect_timeout') throw error
      }
    }
  }
  async function caller(limitr) {
    for (let most = ${UNITS_MAX}; told !== 'close'; ) {
      const units = told === 'all' ? most : 1 + Math.floor(Math.random() * ${UNITS_MAX})
      if (await limitr.allow('acme', 'calls', units)) writeSync(1, units + '\\n')
      else if (told === 'all') most = Math.ceil(most / 2)
      await pause(100)
    }
  }
  (async () => {
    const limitr = await opened()
    await Promise.all(Array.from({ length: ${CALLERS} }, () => caller(limitr)))
    await limitr.close()
    process.exit(0)
  })()
`

/** A process with an engine, which is killed and started anew on the same store. */
class Hammering {
  readonly store = join(folder(), 'store')
  heard = 0
  /** Ends that nobody wished for. */
  readonly failures: string[] = []
  #process: ChildProcess | null = null

  constructor(readonly server: Server) {}

  start(): void {
    const args = ['-e', SCRIPT, '--', this.server.url, this.server.token, this.store]
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process = child
    createInterface({ input: child.stdout }).on('line', (units) => {
      this.heard += Number(units)
    })
    let said = ''
    child.stderr.on('data', (text) => {
      said += text
    })
    child.stdin.on('error', () => {}) // it was killed
    child.once('close', (code, signal) => {
      if (code !== 0 && signal !== 'SIGKILL') this.failures.push(`${code ?? signal}: ${said}`)
    })
  }

  async kill(): Promise<void> {
    const child = this.#process as ChildProcess
    const gone = once(child, 'close') // once all that it wrote is read
    child.kill('SIGKILL')
    await gone
  }

  tell(what: string): void {
    this.#process?.stdin?.write(`${what}\n`)
  }

  /** Has it close its engine and end. */
  async close(): Promise<void> {
    const gone = once(this.#process as ChildProcess, 'close')
    this.tell('close')
    await gone
  }

  stop(): void {
    this.#process?.kill('SIGKILL')
  }
}

/** Numbers within 0 and 1 that a seed says. */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const running: { stop?: () => void; kill: () => unknown }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await (one.stop?.() ?? (one instanceof Server && one.kill()))
})

/** Servers on one database, with a policy in force and the customer. */
async function serving(count: number, database?: string): Promise<Server[]> {
  const servers: Server[] = []
  for (let at = 0; at < count; at++) {
    const server = database === undefined ? new Server() : new Server(database)
    running.push(server)
    await server.start()
    const [first = server] = servers
    ;[server.token, server.adminToken] = [first.token, first.adminToken]
    servers.push(server)
  }
  await servers[0].publish(plan({ calls: limit(LIMIT) }))
  await servers[0].ask('POST', '/v1/customers', { id: 'acme' })
  return servers
}

/** What the servers say of the meter. */
async function meter(server: Server): Promise<{ spent: number; reserved: number }> {
  const { usage } = await server.ask('GET', '/v1/customers/acme/usage')
  return usage[0] ?? { spent: 0, reserved: 0 }
}

async function hammered(servers: Server[]): Promise<void> {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9)
  console.log(`kills at the moments of SEED=${seed}`)
  const number = random(seed)
  const engines = Array.from({ length: ENGINES }, (_, at) => new Hammering(servers[at % servers.length]))
  running.push(...engines)
  const heard = () => engines.reduce((sum, engine) => sum + engine.heard, 0)
  const check = async (server: Server) => {
    const { spent, reserved } = await meter(server)
    expect(Math.max(spent, reserved, heard())).toBeLessThanOrEqual(LIMIT)
    expect(engines.flatMap(({ failures }) => failures)).toEqual([])
    return spent
  }
  for (const engine of engines) engine.start()
  const opened = await soon(() => heard() > 0, 30_000)
  expect(opened).toBe(true)

  for (let kill = 0; kill < KILLS; kill++) {
    await soon(() => heard() >= (LIMIT * (kill + number())) / (KILLS + 1), 1_500)
    const [engine] = engines.splice(Math.floor(number() * ENGINES), 1)
    engines.push(engine)
    const server = servers[Math.floor(number() * servers.length)]
    const hits = kill % 4 === 3 ? [server.kill()] : []
    if (hits.length === 0 || number() < 0.5) hits.push(engine.kill().then(() => engine.start()))
    await pause(number() * 300)
    await Promise.all(hits)
    if (kill % 4 === 3) await server.start()
    await check(server)
  }

  for (const engine of engines) engine.tell('all')
  expect(await soon(async () => (await check(servers[0])) === LIMIT, 90_000)).toBe(true)
  await Promise.all(engines.map((engine) => engine.close()))
  await check(servers[0])
  expect(await meter(servers[0])).toMatchObject({ spent: LIMIT, reserved: LIMIT })
  expect(heard()).toBeGreaterThanOrEqual(LIMIT - KILLS * CALLERS * UNITS_MAX)
  for (const { store } of engines) expect(readdirSync(store).length).toBeLessThanOrEqual(3)
}

describe.runIf(process.env.LIMITR_BACKEND === 'native')(`${KILLS} kills`, () => {
  const most = 120_000 + KILLS * 10_000

  it('one server, on SQLite', async () => hammered(await serving(1)), most)

  it.runIf(POSTGRES)(
    'two servers, on PostgreSQL',
    async () => {
      const client = new pg.Client({ connectionString: POSTGRES })
      await client.connect()
      const name = `limitr_kills_${process.pid}_${Date.now()}`
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      const url = new URL(POSTGRES as string)
      url.pathname = `/${name}`
      await hammered(await serving(2, url.href))
    },
    most
  )
})
