// The Cloud server's own program, for whatever tests something against it: one build, one start, and a wire to it that can be cut.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createServer as createTlsServer } from 'node:tls'
import { aptInstall } from './apt.mjs'
import { Failed, need, targetFolder } from './run.mjs'

const OPENSSL = '/usr/bin/openssl'

let building

/** Builds it as for its own tests, of which most is there already, once a run; the program's path. `LIMITR_TEST_SERVER` names another. */
export function builtServer() {
  building ??= (async () => {
    if (process.env.LIMITR_TEST_SERVER) return process.env.LIMITR_TEST_SERVER
    await need('cargo', ['build', '--workspace', '--bin', 'limitr-server', '--locked', '--quiet'])
    return join(await targetFolder(), 'debug', 'limitr-server')
  })()
  return building
}

/** A server with a database of its own. */
export class CloudServer {
  url = ''
  #flags
  #folder = mkdtempSync(join(tmpdir(), 'limitr-cloud-'))
  #child = null

  /** @param {string[]} flags beside where it listens and what it prints */
  constructor(flags = []) {
    this.#flags = flags
  }

  /** Starts it, on the same port and database as before if it ran already. */
  async start() {
    const port = this.url === '' ? '0' : new URL(this.url).port
    const args = ['--port', port, '--database', join(this.#folder, 'cloud.db'), '--print', 'json']
    const child = spawn(await builtServer(), [...args, ...this.#flags], {
      stdio: ['ignore', 'pipe', 'ignore']
    })
    this.#child = child
    const line = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('error', reject)
      child.once('exit', (code) => reject(new Failed(`the Cloud server ended with code ${code}`)))
    })
    const { url, token, adminToken } = JSON.parse(line)
    this.url = url
    this.token ??= token
    this.adminToken ??= adminToken
  }

  /** Ends it at once, as a power failure would. */
  async kill() {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  async remove() {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Asks its REST API, as an administrator unless another token is given. */
  async ask(method, path, body, token = this.adminToken) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    if (!answer.ok) throw new Failed(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }

  /** Publishes a policy; its version. */
  async publish(document) {
    const { version } = await this.ask('POST', '/v1/policies', document)
    await this.ask('POST', `/v1/policies/${version}/publish`, {})
    return version
  }

  /** Makes a ticket for one connection or one policy. */
  async ticket() {
    return (await this.ask('POST', '/v1/tickets', undefined, this.token)).ticket
  }

  /** What a customer spent of limits and what is reserved for it, by entitlement. */
  async usage(customer) {
    const { usage } = await this.ask('GET', `/v1/customers/${customer}/usage`)
    return Object.fromEntries(usage.map(({ what, spent, reserved }) => [what.limit, { spent, reserved }]))
  }
}

/** Why no certificate can be made here; null: one can. */
export async function noCertificates() {
  if (existsSync(OPENSSL)) return null
  const { code } = await aptInstall(['openssl'])
  return code === 0 && existsSync(OPENSSL)
    ? null
    : `there is no ${OPENSSL}, and Debian's package can't be installed`
}

/** A certificate for `localhost`, of an authority that nobody trusts but who is told to: its key, itself, and the authority's own file. */
export async function certified(folder) {
  const file = (name) => join(folder, name)
  const openssl = (...args) => need(OPENSSL, args, { cwd: folder })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl('req', '-x509', ...key, '-subj', '/CN=nobody', '-keyout', 'ca.key', '-out', 'ca.pem')
  await openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'request.pem')
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost\n')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names']
  await openssl('x509', '-req', '-in', 'request.pem', ...signed, '-out', 'cert.pem')
  return { key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')), ca: file('ca.pem') }
}

/** A wire to a server, which can be cut and mended; it ends TLS where it has a certificate. */
export async function wireTo(server, certificate = null) {
  const open = new Set()
  let whole = true
  const listening = certificate ? (serve) => createTlsServer(certificate, serve) : createServer
  const relay = listening((near) => {
    near.on('error', () => {})
    if (!whole) return near.destroy()
    const far = connect(Number(new URL(server.url).port), '127.0.0.1')
    far.on('error', () => {})
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('close', () => {
        open.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
  })
  relay.on('tlsClientError', () => {}) // who doesn't trust it hangs up
  await new Promise((resolve) => relay.listen(0, certificate ? 'localhost' : '127.0.0.1', resolve))
  const cut = () => {
    whole = false
    for (const socket of open) socket.destroy()
  }
  return {
    url: `${certificate ? 'https://localhost' : 'http://127.0.0.1'}:${relay.address().port}`,
    cut,
    mend: () => {
      whole = true
    },
    end: () => {
      cut()
      relay.close()
    }
  }
}
