// Starts Limitr Cloud on this machine: `npm run cloud [-- flags of the server]`. With Rust and Node only; nothing is installed elsewhere.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { isMain, main, need, step, targetFolder } from './lib/run.mjs'
import { checkTools } from './setup.mjs'

/** Builds the server and answers its program's path. */
export async function buildServer() {
  await need('cargo', ['build', '--package', 'limitr-server', '--profile', 'server', '--locked', '--quiet'])
  return join(await targetFolder(), 'server', 'limitr-server')
}

/** Runs it in front until it ends, passing on how it was ended. */
function serve(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit' })
    // The terminal tells the server, too: it is this script that has to wait for it.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/** Builds, and serves. */
async function cloud() {
  await step('tools', checkTools)
  let program
  await step('limitr-server', async () => {
    program = await buildServer()
  })
  console.log()
  process.exitCode = await serve(program, process.argv.slice(2))
}

if (isMain(import.meta.url)) await main(cloud)
