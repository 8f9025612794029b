// An engine with a store under Limitr Cloud: what it answered is at the server once it was opened anew, once, however it ended.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Limitr, type LimitrCloudOptions } from 'limitr'
import { describe, expect, it } from 'vitest'
import { connected, folder, limit, plan, type Server, soon, started } from './support.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PLAN = plan({ chat: limit(10), notes: limit(1_000_000, 'soft') })

/** A process with an engine on a store. It says what `work` says, line by line, and is told lines in turn. */
function engine(server: Server, options: Partial<LimitrCloudOptions>, work: string, shell = '') {
  const all = { token: server.token, url: server.url, ...options }
  const script = `
    const { Limitr } = require('limitr')
    const lines = require('node:readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]()
    const told = async () => (await lines.next()).value
    const say = (...all) => require('node:fs').writeSync(1, JSON.stringify(all) + '\\n')
    const codeOf = (promise) => promise.then((value) => value ?? 'done', (error) => error.code ?? String(error))
    Limitr.cloud(${JSON.stringify(all)}).then(async (limitr) => {
      await limitr.ensureCustomer('ada')
      ${work}
    })`
  const command = [process.execPath, '-e', script]
  const [program, ...args] = shell ? ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...command] : command
  const child = spawn(program, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    heard: async () => JSON.parse((await lines.next()).value),
    tell: () => child.stdin.write('go on\n'),
    kill: async () => {
      const gone = once(child, 'close')
      child.kill('SIGKILL')
      await gone
    }
  }
}

const codeOf = (promise: Promise<unknown>) => promise.then(String, (error) => error.code)
const outboxes = (store: string) => readdirSync(store).filter((name) => name.startsWith('outbox-'))

/** Opens the store here, hands in what is there, and says what the server counts. */
async function handedIn(server: Server, store: string): Promise<number> {
  const limitr = await connected(server, { store })
  await limitr.ensureCustomer('ada')
  await limitr.flush()
  const counts = async () => (await server.ask('GET', '/v1/customers/ada/usage')).usage
  let used = -1
  // What an earlier instance left is on its way beside this one's own.
  const settled = await soon(async () => {
    const before = used
    used = (await counts()).reduce((sum: number, { spent }: { spent: number }) => sum + spent, 0)
    await new Promise((resolve) => setTimeout(resolve, 200))
    return outboxes(store).length <= 1 && used === before
  }, 15_000)
  expect(settled).toBe(true)
  await limitr.close()
  return used
}

describe.runIf(process.env.LIMITR_BACKEND === 'native')('an engine that is killed', () => {
  it('while it was online had every answer kept, once', async () => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    const killed = engine(
      server,
      { store, durability: 'strict' },
      `await Promise.all(Array.from({ length: 300 }, () => limitr.allow('ada', 'notes', 1)))
       for (let call = 0; call < 20; call++) limitr.sync.allow('ada', 'notes', 1)
       say(await limitr.value('ada', 'notes'))`
    )
    expect(await killed.heard()).toEqual([320])
    await killed.kill()
    expect(await handedIn(server, store)).toBe(320)
    expect(await handedIn(server, store)).toBe(320)
  })

  it.each(['strict', 'relaxed'] as const)('while it was offline, %s', async (durability) => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    const killed = engine(
      server,
      { store, durability },
      `say('open'); await told()
       for (let call = 0; call < 50; call++) await limitr.allow('ada', 'notes', 1)
       ${durability === 'relaxed' ? 'await new Promise((resolve) => setTimeout(resolve, 2_000))' : ''}
       say(limitr.status.state, await codeOf(limitr.flush()))`
    )
    await killed.heard()
    await server.kill()
    killed.tell()
    expect(await killed.heard()).toEqual(['offline', 'unreachable'])
    await killed.kill()
    await server.start()
    expect(await handedIn(server, store)).toBe(50)
  })

  it('in the middle of a write loses that write alone', async () => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    const killed = engine(
      server,
      { store, durability: 'strict' },
      `say('open'); await told()
       for (let call = 0; call < 5; call++) await limitr.allow('ada', 'notes', 1)
       say('done')`
    )
    await killed.heard()
    await server.kill()
    killed.tell()
    await killed.heard()
    await killed.kill()
    const [file] = outboxes(store)
    truncateSync(join(store, file), readFileSync(join(store, file)).length - 1)
    await server.start()
    expect(await handedIn(server, store)).toBe(4)
  })

  it('gives back what it had leased and not used, once it was opened anew', async () => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    const killed = engine(
      server,
      { store, durability: 'strict' },
      `say(await limitr.allow('ada', 'chat', 2))`
    )
    expect(await killed.heard()).toEqual([true])
    await killed.kill()
    await handedIn(server, store)
    const other = await connected(server, { leaseTimeout: 5_000 })
    expect(await other.allow('ada', 'chat', 8)).toBe(true)
    expect(await other.allow('ada', 'chat', 1)).toBe(false)
  })
})

describe.runIf(process.env.LIMITR_BACKEND === 'native')('the folder', () => {
  it('has nothing left once an engine was closed and the next one opened', async () => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    for (let opening = 0; opening < 3; opening++) {
      const limitr = await connected(server, { store, durability: 'strict' })
      await limitr.ensureCustomer('ada')
      expect(await limitr.allow('ada', 'notes', 1)).toBe(true)
      await limitr.close()
    }
    expect(outboxes(store).length).toBeLessThanOrEqual(2)
    expect(await handedIn(server, store)).toBe(3)
  })

  it('belongs to one engine at a time, in this process or another', async () => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    const limitr = await connected(server, { store })
    expect(await codeOf(connected(server, { store }))).toBe('store_locked')
    await limitr.close()
    const other = engine(server, { store }, `say('open')`)
    await other.heard()
    expect(await codeOf(connected(server, { store }))).toBe('store_locked')
    await other.kill()
  })

  it("isn't opened as another kind of store, or for another environment", async () => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    await (await connected(server, { store })).close()
    expect(await codeOf(Limitr.new(PLAN, 'auto', { store }))).toBe('store_mismatch')
    expect(await codeOf(Limitr.repairStore(store))).toBe('store_mismatch')
    const token = server.token.replace('limitr_test_', 'limitr_live_')
    expect(await codeOf(connected(server, { store, token }))).toBe('store_mismatch')
    const local = join(folder(), 'local')
    await (await Limitr.new(PLAN, 'auto', { store: local })).close()
    expect(await codeOf(connected(server, { store: local }))).toBe('store_mismatch')
  })

  it('is left empty by an engine that found no server', async () => {
    const store = join(folder(), 'store')
    const nowhere = { token: 'limitr_test_x', url: 'http://127.0.0.1:9', connectTimeout: 200 }
    expect(await codeOf(Limitr.cloud({ ...nowhere, store }))).toBe('connect_timeout')
    expect(outboxes(store)).toEqual([])
  })
})

describe.runIf(process.env.LIMITR_BACKEND === 'native')('a disk that fails', () => {
  /** No file may grow past 32 KiB: blocks have 512 bytes in some shells and 1,024 in others. */
  const SHELL = 'ulimit -f 32'

  it('stops a strict engine, which is kept to what it answered', async () => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    const failing = engine(
      server,
      { store, durability: 'strict' },
      `let granted = 0, code
       while ((code = await codeOf(limitr.allow('ada', 'notes', 1))) === true) granted++
       say(granted, code, await codeOf(limitr.allow('ada', 'notes', 1)), await codeOf(limitr.flush()), await codeOf(limitr.close()))`,
      SHELL
    )
    const [granted, ...codes] = await failing.heard()
    expect(codes).toEqual(Array(4).fill('store_failed'))
    expect(granted).toBeGreaterThan(10)
    expect(await handedIn(server, store)).toBe(granted)
  })

  it('is told by a relaxed engine, which goes on and sends what it does', async () => {
    const server = await started(PLAN)
    const store = join(folder(), 'store')
    const failing = engine(
      server,
      { store },
      `let failed = null
       limitr.on('store-error', ({ error }) => { failed ??= error.code })
       let calls = 0
       while (failed === null) {
         for (let call = 0; call < 10; call++) await limitr.decide('ada', 'notes', 1, { id: 'call_' + calls++ })
         await new Promise((resolve) => setTimeout(resolve, 5))
       }
       await limitr.allow('ada', 'notes', 1)
       say(failed, calls + 1, await codeOf(limitr.flush()), await codeOf(limitr.close()))`,
      SHELL
    )
    const [failed, calls, ...codes] = await failing.heard()
    expect([failed, ...codes]).toEqual(['store_failed', 'store_failed', 'store_failed'])
    expect(await handedIn(server, store)).toBe(calls)
  })
})

it('is a folder of the native binding, or `not_supported`', async () => {
  const adapter = { load: async () => null, append: async () => {} }
  const wrong: [object, string][] = [
    [{ store: adapter }, 'not_supported'],
    [{ store: { path: './data' } }, 'not_supported'],
    [{ store: 5 }, 'invalid_argument'],
    [{ store: '' }, 'invalid_value'],
    [{ durability: 'strict' }, 'invalid_argument'],
    [{ store: './data', durability: 'hard' }, 'invalid_argument'],
    [{ store: './data', backend: 'wasm' }, 'not_supported']
  ]
  for (const [options, code] of wrong)
    expect([options, await codeOf(Limitr.cloud({ token: 'x', ...options } as never))]).toEqual([
      options,
      code
    ])
  expect(existsSync('data')).toBe(false)
})
