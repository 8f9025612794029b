// A Worker is bundled as its own tools do: with the condition `workerd`, and the module as a file beside the code.

import { build } from 'esbuild'

/** Bundles the app's `worker.js` into `out/`, where `config.capnp` looks for it. */
export async function bundleWorker(app) {
  await build({
    absWorkingDir: app.folder,
    entryPoints: ['worker.js'],
    outdir: 'out',
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    logLevel: 'error'
  })
}
