// How many random cases fast-check tries, where FC_NUM_RUNS asks for more than its own default.

if (process.env.FC_NUM_RUNS) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ numRuns: Number(process.env.FC_NUM_RUNS) })
}
