// Every workload of the benchmark, for a moment: what it answers and what it meters is as it should be. Never how long it takes.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

interface Ran {
  name: string
  calls: number
  right: number
}

const benchmark = new URL('../benchmark/', import.meta.url)
/** Not checked as TypeScript: the benchmark is plain JavaScript. */
const load = (file: string) => import(new URL(file, benchmark).href)

/** A worker ends badly where a workload counts otherwise than it should. */
async function run(host: string, part: string): Promise<Ran[]> {
  const args = ['--expose-gc', fileURLToPath(new URL('worker.mjs', benchmark)), host, part, '--quick']
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}

const backend = process.env.LIMITR_BACKEND

it.each(['sync', 'await'])('every workload answers and meters right, %s', async (way) => {
  const { WORKLOADS } = await load('workloads/index.mjs')
  const host = `${backend}-${way}`
  const ran = [...(await run(host, 'small')), ...(await run(host, 'large'))]
  expect(ran.map(({ name }) => name)).toEqual(WORKLOADS.map(({ name }: Ran) => name))
  for (const { name, calls, right } of ran) {
    expect(right, name).toBeGreaterThan(0)
    // Of the trace that is served under its policy, some requests are denied; the worker has reckoned how many.
    if (name !== 'code trace, served') expect(right, name).toBe(calls)
  }
}, 180_000)

it('a workload that answers wrongly is an error', async () => {
  const { measure, QUICK } = await load('lib/measure.mjs')
  const where = { ids: ['one', 'two'], order: Uint32Array.of(0, 1), awaited: false }
  const subject = {
    name: 'wrong',
    call: "const answer = id === 'one'",
    right: 'answer === true',
    on: null,
    data: null,
    expected: (calls: number) => calls
  }
  await expect(measure([subject], where, QUICK)).rejects.toThrow(/wrong: \d+ of \d+ answers were right/)
})

it('a workload that meters wrongly is an error', async () => {
  const { metersSum } = await load('workloads/shared.mjs')
  const sync = { value: () => 1 }
  expect(() => metersSum('api')({ sync, ids: ['one', 'two'], calls: 3 })).toThrow('sum to: 2, but 3 is right')
})
