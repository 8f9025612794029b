// The example of an app, and the README's, as a user would run them: against a server.

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { limit, plan, type Server, started } from './support.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

async function printed(server: Server, file: string): Promise<string> {
  const env = {
    ...process.env,
    LIMITR_CLOUD_URL: server.url,
    LIMITR_TOKEN: server.token,
    LIMITR_ADMIN_TOKEN: server.adminToken
  }
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, file], {
    cwd: ROOT,
    env
  })
  return stdout
}

it('an app decides while its policy changes at the server', async () => {
  const server = await started()
  const expected = readFileSync(join(ROOT, 'examples/cloud/expected.txt'), 'utf8')
  expect(await printed(server, 'examples/cloud/app.mjs')).toBe(expected)
})

it('the README connects in three lines', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, block = ''] = /^```ts\n(.*?Limitr\.cloud.*?)^```$/ms.exec(readme) ?? []
  const folder = join(ROOT, 'dist', 'readme')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'cloud.mjs')
  writeFileSync(file, block.replaceAll('!', ''))
  expect(await printed(await started(plan({ images: limit(5) })), file)).toBe('true\n')
})
