// What the tests of Cloud share: real servers, each with a database of its own, and engines that are closed with the test.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, connect as dial, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type CloudConnection, type CloudStatus, Limitr } from 'limitr'
import { afterEach, expect } from 'vitest'

/** The server's program: the suite builds it and says where it is. */
const PROGRAM = process.env.LIMITR_TEST_SERVER ?? 'target/server/limitr-server'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** What its REST API answers with. */
// biome-ignore lint/suspicious/noExplicitAny: each path has fields of its own
type Answer = any

/** An empty folder that goes with the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'limitr-cloud-'))
  cleanUps.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A running server. */
export class Server {
  url = ''
  token = ''
  adminToken = ''
  #process: ChildProcess | null = null
  #database

  /** @param database a SQLite file, or PostgreSQL's address */
  constructor(database = join(folder(), 'cloud.db')) {
    this.#database = database
  }

  /** Starts it, on the same port and database as before if it ran already. */
  async start(): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port
    const args = ['--port', port, '--database', this.#database, '--print', 'json']
    const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#process = child
    const ended = new Promise<never>((_, reject) => {
      child.on('error', reject)
      child.on('exit', (code) => reject(new Error(`the server ended with code ${code}`)))
    })
    ended.catch(() => {}) // afterwards its end is wished for
    const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
    const first = new Promise<string>((resolve) => lines.once('line', resolve))
    const said = JSON.parse(await Promise.race([first, ended]))
    this.url = said.url
    if (said.first) {
      this.token = said.token
      this.adminToken = said.adminToken
    }
  }

  /** Ends it: at once, as a power failure would. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  /** Asks its REST API as an administrator. */
  async ask(method: string, path: string, body?: string | object): Promise<Answer> {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        Authorization: `Bearer ${this.adminToken}`,
        ...(typeof body === 'object' ? { 'Content-Type': 'application/json' } : {})
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) })
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }

  /** Publishes a policy; its number. */
  async publish(document: object): Promise<number> {
    const { version } = await this.ask('POST', '/v1/policies', JSON.stringify(document))
    await this.ask('POST', `/v1/policies/${version}/publish`, {})
    return version
  }

  /** The units that a customer spent of a limit, as the server knows them. */
  async spent(customer: string, entitlement: string): Promise<number> {
    const { usage } = await this.ask('GET', `/v1/customers/${customer}/usage`)
    const meter = usage.find(({ what }: Answer) => what?.limit === entitlement || what === entitlement)
    return Number(meter?.spent ?? 0)
  }
}

/** A server with a policy in force. */
export async function started(document?: object): Promise<Server> {
  const server = new Server()
  cleanUps.push(() => server.kill())
  await server.start()
  if (document) await server.publish(document)
  return server
}

/** An engine that is connected to a server. */
export async function connected(
  server: Server,
  options: CloudConnection & { readonly token?: string } = {}
): Promise<Limitr> {
  const limitr: Limitr = await Limitr.cloud({ token: server.token, url: server.url, ...options })
  cleanUps.push(() => limitr.close())
  return limitr
}

/** What a wire makes of what it carries; each text is a part of the stream, as it came. */
interface Rewriting {
  readonly up?: (text: string) => string
  readonly down?: (text: string) => string
}

/** A wire to a server, which can be cut, and may garble what it carries. */
export async function wire(server: Server, { up, down }: Rewriting = {}) {
  const open = new Set<Socket>()
  const carry = (from: Socket, to: Socket, rewrite: (text: string) => string = (text) => text) =>
    from.on('data', (bytes) => void to.write(Buffer.from(rewrite(bytes.toString('latin1')), 'latin1')))
  const relay = createServer((near) => {
    const far = dial(Number(new URL(server.url).port), '127.0.0.1')
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        near.destroy()
        far.destroy()
      })
      socket.on('end', () => (socket === near ? far : near).end())
    }
    carry(near, far, up)
    carry(far, near, down)
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const { port } = relay.address() as { port: number }
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  cleanUps.push(() => {
    cut()
    relay.close()
  })
  return { url: `http://127.0.0.1:${port}`, cut, end: () => relay.close() }
}

/** Waits until something holds, for so many milliseconds at the most; whether it does. */
export async function soon(holds: () => unknown, most = 5_000): Promise<boolean> {
  for (const until = Date.now() + most; Date.now() < until; ) {
    if (await holds()) return true
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return Boolean(await holds())
}

/** Units in all. */
export const sum = (units: number[]) => units.reduce((all, more) => all + more)

/**
 * Has three callers on every engine take `ada`'s units one by one until they are denied, then what was on its way while all were. Sees that
 * nothing more is had then; answers how many units each engine was granted.
 */
export async function takeAll(engines: Limitr[], entitlement: string, most: number): Promise<number[]> {
  const granted = engines.map(() => 0)
  const take = async (limitr: Limitr, place: number) => {
    const allowed = await limitr.allow('ada', entitlement, 1)
    if (allowed) granted[place] = (granted[place] ?? 0) + 1
    return allowed
  }
  const caller = async (limitr: Limitr, place: number) => {
    for (let denials = 0; denials < 3; ) if (!(await take(limitr, place))) denials += 1
  }
  const callers = engines.flatMap((limitr, place) => Array.from({ length: 3 }, () => caller(limitr, place)))
  await Promise.all(callers)
  await soon(async () => {
    for (const [place, limitr] of engines.entries()) await take(limitr, place)
    return sum(granted) >= most
  })
  for (const [place, limitr] of engines.entries()) expect(await take(limitr, place)).toBe(false)
  return granted
}

/** A policy with one plan. */
export const plan = (entitlements: object) => ({
  policy: { credits: { t: {} }, plans: { p: { default: true, entitlements } } }
})

/** A limit in the credit `t`. */
export const limit = (value: number, mode = 'hard') => ({ limit: { credit: 't', value, mode } })

/** States that an engine goes through. */
export function states(): { seen: string[]; onStatus: (status: CloudStatus) => void } {
  const seen: string[] = []
  return { seen, onStatus: ({ state }) => void (seen.at(-1) !== state && seen.push(state)) }
}
