import { defineConfig } from 'vitest/config'

/** The whole suite, once with each binding: what only one of them is about stands in a folder of its own. */
const on = (backend) => ({
  extends: true,
  test: { name: backend, env: { LIMITR_BACKEND: backend }, include: ['__test__/*.spec.ts'] }
})

/** Engines that are connected to a server, once with each binding. Node 20 has a WebSocket behind a flag. */
const cloudOn = (backend) => ({
  extends: true,
  test: {
    name: `cloud-${backend}`,
    env: { LIMITR_BACKEND: backend },
    include: ['__test__/cloud/*.spec.ts'],
    execArgv: typeof WebSocket === 'function' ? [] : ['--experimental-websocket']
  }
})

export default defineConfig({
  test: {
    // A soak runs a hundred times as many random cases.
    testTimeout: process.env.FC_NUM_RUNS ? 3_600_000 : 30_000,
    setupFiles: ['./scripts/vitest-setup.mjs'],
    projects: [
      on('native'),
      on('wasm'),
      { extends: true, test: { name: 'bindings', include: ['__test__/bindings/*.spec.ts'] } },
      // Engines in a folder and engines that threads share: what only the native binding does.
      {
        extends: true,
        test: {
          name: 'durable',
          env: { LIMITR_BACKEND: 'native' },
          include: ['__test__/durable/*.spec.ts'],
          testTimeout: 120_000
        }
      },
      cloudOn('native'),
      cloudOn('wasm'),
      { extends: true, test: { name: 'stores', include: ['__test__/stores/*.spec.ts'] } },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['__test__/**/*.test-d.ts'],
            tsconfig: './tsconfig.json'
          }
        }
      }
    ]
  }
})
