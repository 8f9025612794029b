import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['__test__/**/*.spec.ts'],
    setupFiles: ['./scripts/vitest-setup.mjs'],
    typecheck: { include: ['__test__/**/*.test-d.ts'], tsconfig: './tsconfig.json' }
  }
})
