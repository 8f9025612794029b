// In which order customers are called: drawn before, from a fixed seed, so that drawing costs nothing in the loop.

import { seeded, zipf } from '../../examples/lib/random.mjs'

const SEED = 42
const LENGTH = 2 ** 20

/** Places of customers, as many as `length`: 'round', 'uniform', or 'zipf' with an exponent of 1 unless it is given. */
export function orderOf(kind, customers, length = LENGTH, exponent = 1) {
  if (kind === 'round') return Uint32Array.from({ length: customers }, (_, index) => index)
  const random = seeded(SEED)
  const draw = kind === 'zipf' ? zipf(customers, exponent, random) : () => Math.floor(random() * customers)
  return Uint32Array.from({ length }, draw)
}

/** `customer_0` and so on. */
export const idsOf = (customers) => Array.from({ length: customers }, (_, index) => `customer_${index}`)
