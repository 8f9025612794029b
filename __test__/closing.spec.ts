import { createRequire } from 'node:module'
import { Limitr } from 'limitr'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { METHODS } from './support/methods.js'
import { codeOf, opened } from './support/open.js'
import { POLICY } from './support/policies.js'

describe('a closed engine', () => {
  it('refuses every call with `closed`', async () => {
    const limitr = await opened()
    await limitr.close()
    for (const { name, args } of METHODS) {
      const given = args.map(({ good }) => good)
      const call = (target: object) =>
        (target as Record<string, (...all: unknown[]) => unknown>)[name](...given)
      expect(await codeOf(() => call(limitr)), name).toBe('closed')
      expect(await codeOf(() => call(limitr.sync)), name).toBe('closed')
    }
    expect(await codeOf(() => limitr.eachCustomer().next())).toBe('closed')
    expect(await codeOf(() => limitr.now())).toBe('closed')
    expect(await codeOf(() => limitr.on('meter-changed', () => {}))).toBe('closed')
    expect(await codeOf(() => limitr.addHandler('a', () => {}))).toBe('closed')
    expect(limitr.removeHandler('a')).toBe(false)
    limitr.clearHandlers()
  })

  it('may be closed again', async () => {
    const limitr = await opened()
    await limitr.close()
    expect(await limitr.close()).toBe(undefined)
  })

  it('leaves others alone', async () => {
    const [one, two] = [await opened(), await opened()]
    await one.close()
    const three = await opened()
    expect(await two.allow('user', 'chat', 1)).toBe(true)
    expect(await three.value('user', 'chat')).toBe(0)
    expect(await codeOf(() => one.allow('user', 'chat', 1))).toBe('closed')
    await two.close()
    await three.close()
  })

  it('is still told apart after ten thousand others', async () => {
    const first = await Limitr.new(POLICY)
    await first.close()
    for (let index = 0; index < 10_000; index++) {
      const limitr = await Limitr.new({ policy: {} })
      await limitr.close()
    }
    const last = await opened()
    expect(await codeOf(() => first.allow('user', 'chat', 1))).toBe('closed')
    expect(await last.allow('user', 'chat', 1)).toBe(true)
    await last.close()
  })
})

describe('await using', () => {
  it('closes at the end of the block, also where that is left by an error', async () => {
    const engines: Limitr[] = []
    const open = async () => {
      const limitr = await opened()
      engines.push(limitr)
      return limitr
    }
    const body = `
      export async function block(open, leave) {
        await using limitr = await open()
        if (!(await limitr.allow('user', 'chat', 1))) throw new Error('denied')
        if (leave) throw new Error('left')
        return limitr.value('user', 'chat')
      }`
    // Node 20 has the symbol and not the syntax.
    const { outputText } = ts.transpileModule(body, { compilerOptions: { target: ts.ScriptTarget.ES2022 } })
    const { block } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`)
    expect(await block(open, false)).toBe(1)
    await expect(block(open, true)).rejects.toThrow('left')
    expect(engines).toHaveLength(2)
    for (const limitr of engines) expect(await codeOf(() => limitr.valid())).toBe('closed')
  })

  it('finds the method under its symbol', async () => {
    const limitr = await opened()
    await limitr[Symbol.asyncDispose]()
    expect(await codeOf(() => limitr.valid())).toBe('closed')
  })
})

describe('the package', () => {
  it('is one implementation, by import and by require', () => {
    const required = createRequire(import.meta.url)('limitr') as { Limitr: unknown }
    expect(required.Limitr).toBe(Limitr)
    expect(Object.keys(required).sort()).toEqual(['Limitr', 'LimitrError'])
  })
})
