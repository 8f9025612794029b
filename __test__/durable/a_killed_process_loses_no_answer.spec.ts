// A strict engine is killed at fifty random moments and opened again on the same store, until 200,000 calls were answered. Then
// every answer that was given is in the store once.
//
// Calls are numbered, and a call's number is its value, so that each can be found. The process writes what it was answered to
// a file, which a kill can't take back; calls that were under way at a kill may have been metered or not, never twice.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Limitr } from 'limitr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, hard, killed, open, plan, random } from './support.js'

const CALLS = 200_000
const KILLS = 50
const CUSTOMERS = 500
/** How many calls are under way at a time. */
const UNDER_WAY = 400
/** A limit that is reached. */
const TIGHT = 1_000_000

const DOCUMENT = plan({ wide: hard(1e15), tight: hard(TIGHT) })

/** What a call is about, by its number: one in ten is on a limit that is reached, one in twenty is idempotent. */
const ABOUT = `
  const customer = (n) => 'user_' + (n % ${CUSTOMERS})
  const entitlement = (n) => (n % 10 === 5 ? 'tight' : 'wide')
  const hasID = (n) => n % 20 === 1
`

/**
 * Arguments: store, file of answers, first call, how many answers until the process says so, how many in all, and the numbers
 * of calls with an ID that are made again.
 */
const SCRIPT = `
  const { writeSync, openSync } = require('node:fs')
  const { Limitr } = require('limitr')
  ${ABOUT}
  const [store, file, first, until, wanted, again] = process.argv.slice(1)
  const answers = openSync(file, 'a')
  let [next, given, said, text] = [Number(first), 0, false, '']
  const write = () => {
    if (text === '') return
    writeSync(answers, text)
    text = ''
    if (!said && given >= Number(until)) said = writeSync(1, 'so many') > 0
  }
  const note = (n, answer) => {
    if (text === '') setImmediate(write)
    text += n + ' ' + answer + '\\n'
  }
  async function call(limitr, n) {
    if (!hasID(n)) return note(n, await limitr.allow(customer(n), entitlement(n), n))
    const { allowed, used, policyVersion } = await limitr.decide(customer(n), entitlement(n), n, { id: 'call_' + n })
    note(n, JSON.stringify({ allowed, used, policyVersion }))
  }
  async function caller(limitr) {
    while (given < Number(wanted)) {
      given++
      await call(limitr, next++)
    }
  }
  (async () => {
    const limitr = await Limitr.new(${JSON.stringify(DOCUMENT)}, 'json', { store, durability: 'strict' })
    await Promise.all(Array.from({ length: ${CUSTOMERS} }, (_, at) => limitr.ensureCustomer('user_' + at)))
    await Promise.all(again.split(',').filter(Boolean).map((n) => call(limitr, Number(n))))
    await Promise.all(Array.from({ length: ${UNDER_WAY} }, () => caller(limitr)))
    write()
    await limitr.close()
  })()
`
const { customer, entitlement, hasID } = new Function(
  `${ABOUT} return { customer, entitlement, hasID }`
)() as {
  customer: (n: number) => string
  entitlement: (n: number) => string
  hasID: (n: number) => boolean
}

describe('a process that is killed fifty times', () => {
  /** Every answer to each call, oldest first. */
  const answers = new Map<number, string[]>()
  /** How often each call is in the store. */
  const metered = new Map<number, number>()
  const pairs = new Set<string>()
  let limitr: Limitr
  let [kills, changes, read, last] = [0, 0, 0, 0]

  /** Takes in what was written to the file since, and gives the number of the last call that was answered. */
  function readAnswers(file: string): number {
    const whole = readFileSync(file, { encoding: 'utf8', flag: 'a+' }).slice(read)
    const lines = whole.slice(0, whole.lastIndexOf('\n') + 1)
    read += lines.length
    for (const line of lines.split('\n').slice(0, -1)) {
      const n = Number(line.slice(0, line.indexOf(' ')))
      answers.set(n, [...(answers.get(n) ?? []), line.slice(line.indexOf(' ') + 1)])
      last = Math.max(last, n)
    }
    return last
  }

  beforeAll(async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9)
    console.log(`kills at the moments of SEED=${seed}`)
    const number = random(seed)
    const path = folder()
    const [store, file] = [join(path, 'store'), join(path, 'answers')]
    // Beyond the last answer that was written there are those that weren't yet, and what their callers called next.
    for (let first = 1; answers.size < CALLS || kills < KILLS; ) {
      const left = CALLS - answers.size
      const until = kills < KILLS ? Math.floor((2 * number() * left) / (KILLS - kills + 1)) : CALLS
      const retried = [...answers.keys()].slice(-5_000).filter(hasID)
      const lost = Array.from({ length: 4 * UNDER_WAY }, (_, at) => first - 1 - at)
      const again = [...retried, ...lost.filter((n) => n > 0 && hasID(n) && !answers.has(n))].join(',')
      const wanted = kills < KILLS ? CALLS : left
      const args = [store, file, first, until, wanted, again].map(String)
      if (await killed(SCRIPT, args, Math.floor(number() * 12))) kills += 1
      first = Math.max(first - 1, readAnswers(file)) + 2 * UNDER_WAY + 1
    }
    limitr = await open(DOCUMENT, { store })
    for (let at = 0; at < CUSTOMERS; at++) {
      for (const { instance, seq, type, units } of await limitr.history(`user_${at}`, { limit: 100_000 })) {
        changes += 1
        pairs.add(`${instance} ${seq}`)
        if (type === 'metered') metered.set(Number(units), (metered.get(Number(units)) ?? 0) + 1)
      }
    }
  }, 600_000)
  afterAll(() => limitr?.close())

  it('was killed so often and answered so many calls', () => {
    expect(kills).toBe(KILLS)
    expect(answers.size).toBeGreaterThanOrEqual(CALLS)
  })

  it('keeps every call that was answered, once, and none that was denied', () => {
    const wrong = [...answers].filter(([n, said]) => {
      const granted = said[0] === 'true' || said[0].startsWith('{"allowed":true')
      return (metered.get(n) ?? 0) !== (granted ? 1 : 0)
    })
    expect(wrong).toEqual([])
  })

  it('keeps no call twice, and no change under the number of another', () => {
    expect([...metered].filter(([, times]) => times !== 1)).toEqual([])
    expect(pairs.size).toBe(changes)
  })

  it('answers a call with an ID as before, and meters it once', () => {
    const retried = [...answers].filter(([, said]) => said.length > 1)
    expect(retried.length).toBeGreaterThan(1_000)
    expect(retried.filter(([n, said]) => !hasID(n) || new Set(said).size !== 1)).toEqual([])
  })

  it('has meters that are the sum of what was metered, within hard limits', async () => {
    const sums = new Map<string, number>()
    for (const n of metered.keys()) {
      const key = `${customer(n)} ${entitlement(n)}`
      sums.set(key, (sums.get(key) ?? 0) + n)
    }
    let reached = 0
    for (let at = 0; at < CUSTOMERS; at++) {
      for (const name of ['wide', 'tight']) {
        expect(await limitr.value(`user_${at}`, name)).toBe(sums.get(`user_${at} ${name}`) ?? 0)
      }
      const used = (await limitr.value(`user_${at}`, 'tight')) ?? 0
      expect(used).toBeLessThanOrEqual(TIGHT)
      if (used > TIGHT - 200_000) reached += 1
    }
    expect(reached).toBeGreaterThan(0)
  })
})
