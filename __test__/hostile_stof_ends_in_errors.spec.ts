import { Limitr, LimitrError } from 'limitr'
import { describe, expect, it } from 'vitest'

const GOOD = `
#[type]
Monthly: { bool resets: true, str reset_sch: 'monthly:1' }
Limitr policy: {
  credits: { token: { overhead_cost: 0.5, rates: { a: 1, b: 2.5 }, fn overhead(units: float, context: obj) -> float { units * self.rates.get('b') } } }
  plans: { free: { default: true, entitlements: { chat: { Monthly limit: { credit: 'token', value: 100, increment: 2 } } } } }
  /* a comment */
  #[init]
  fn boot() { for (const i in 3) { self.plans.free.label = \`plan \${i}\`; } }
}
`
const init = (body: string) => `policy: {}\n#[init]\nfn boot() { ${body} }`

const HOSTILE: [string, string][] = [
  ['5,000 nested types', `policy: {}\nfn f(x: ${'('.repeat(5_000)}int${')'.repeat(5_000)}) {}`],
  ['5,000 nested lists of types', `policy: {}\nfn f(x: ${'list<'.repeat(5_000)}int${'>'.repeat(5_000)}) {}`],
  ['5,000 nested objects', `policy: ${'{ a: '.repeat(5_000)}1${' }'.repeat(5_000)}`],
  ['a loop without end', init('loop {}')],
  ['a text that doubles', init("let s = 'x'; loop { s = s + s; }")],
  ['half of a character', init("let s = 'é'.substring(0, 1);")],
  ['a document of 10 MB', `policy: {}\n// ${'x'.repeat(10_000_000)}`],
  ['recursion without end', init('self.boot();')],
  ['a list that grows', init('let a = []; loop { a.push_back(1); }')],
  [
    'texts copied without end',
    init("let s = 'xxxxxxxxxxxxxxxx'; for (const i in 15) { s = s + s; } loop { let t = s + s; }")
  ],
  ['objects that hold each other', init('self.policy.a = self.policy;')]
]

/** Repeatable: mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const PIECES = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ':',
  ';',
  ',',
  "'",
  '"',
  '`',
  '${',
  '#[',
  'fn ',
  'loop {',
  'é',
  '\\',
  '/*',
  '*/',
  '//',
  '0',
  '1e999',
  'GB',
  'self.',
  'root ',
  'new ',
  '<',
  '>',
  '|',
  '\0',
  '-> ',
  'import '
]

function mutated(text: string, random: (below: number) => number): string {
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(text.length)
    const length = random(12)
    const piece = PIECES[random(PIECES.length)] ?? ''
    const other = random(text.length)
    const put = [piece, piece.repeat(random(40)), text.slice(other, other + random(60)), ''][random(4)] ?? ''
    text = text.slice(0, at) + put + text.slice(at + (random(2) === 0 ? length : 0))
  }
  return text
}

describe('a hostile document in Stof', () => {
  it.each(HOSTILE)('%s ends in an error, and the next decision is right', async (_, text) => {
    const good = await Limitr.new(GOOD, 'stof')
    await good.createCustomer('ann')
    const error = await Limitr.new(text, 'stof').then(
      (limitr) => limitr.close().then(() => null),
      (refused: unknown) => refused
    )
    expect(error).toBeInstanceOf(LimitrError)
    expect((await good.decide('ann', 'chat', 4)).cost).toBe(10)
    await good.close()
  })

  it('changed at random a thousand times is read or refused, and memory comes back', async () => {
    const random = randomFrom(20_300_101)
    let refused = 0
    for (let round = 0; round < 1_000; round++) {
      const text = mutated(GOOD, random)
      try {
        const limitr = await Limitr.new(text, 'stof')
        await limitr.close()
      } catch (error) {
        if (!(error instanceof LimitrError))
          throw new Error(`no refusal of ${JSON.stringify(text)}`, { cause: error })
        refused += 1
      }
    }
    expect(refused).toBeGreaterThan(300)
    const limitr = await Limitr.new(GOOD, 'stof')
    await limitr.createCustomer('ann')
    expect((await limitr.decide('ann', 'chat', 4)).cost).toBe(10)
    await limitr.close()
    expect(process.memoryUsage().rss).toBeLessThan(2_000_000_000)
  }, 300_000)
})
