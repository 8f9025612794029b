// Random draws that come out the same on every run and every machine: Marsaglia's xorshift with 32 bits of state.

/** A function that draws numbers from 0 up to, not including, 1. The seed is any integer but 0. */
export function seeded(seed) {
  let state = seed | 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/**
 * A function that draws an index below `count`, skewed as by Zipf's law: index k comes with a weight of
 * 1 ÷ (k + 1)^exponent, so that the first is drawn most.
 */
export function zipf(count, exponent, random) {
  const sums = new Float64Array(count)
  let sum = 0
  for (let index = 0; index < count; index++) {
    sum += 1 / (index + 1) ** exponent
    sums[index] = sum
  }
  return () => {
    const drawn = random() * sum
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (sums[middle] > drawn) high = middle
      else low = middle + 1
    }
    return low
  }
}
