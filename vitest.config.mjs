import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // A soak runs a hundred times as many random cases.
    testTimeout: process.env.FC_NUM_RUNS ? 3_600_000 : 30_000,
    include: ['__test__/**/*.spec.ts'],
    setupFiles: ['./scripts/vitest-setup.mjs'],
    typecheck: { include: ['__test__/**/*.test-d.ts'], tsconfig: './tsconfig.json' }
  }
})
