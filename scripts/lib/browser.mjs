// Pages in a real browser: Debian's Chromium, driven by playwright-core, which is installed beside the runtimes.

import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { extname, join, normalize } from 'node:path'
import { aptInstall } from './apt.mjs'
import { path } from './run.mjs'

const CHROMIUM = '/usr/bin/chromium'
const ARGS = [
  '--no-sandbox', // tests run as root, too
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm'
}

/** Where Chromium is, installing it where that may be done; else why there is none. */
export async function provideChromium() {
  if (existsSync(CHROMIUM)) return { path: CHROMIUM }
  const { code } = await aptInstall(['chromium'])
  if (code === 0 && existsSync(CHROMIUM)) return { path: CHROMIUM }
  return { path: null, why: `there is no ${CHROMIUM}, and Debian's package can't be installed` }
}

/** Opens an address in a browser of its own for `work`. What the page reports as an error fails it, unless it is `expected`. */
export async function withPage(url, work, { expected } = {}) {
  const require = createRequire(path('__test__', 'apps', 'package.json'))
  const { chromium } = require('playwright-core')
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const errors = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !expected?.test(message.text())) errors.push(message.text())
    })
    await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }))
    await page.goto(url)
    const answer = await work(page).catch((error) => {
      throw new Error(`${error.message}\n${errors.join('\n')}`)
    })
    if (errors.length > 0) throw new Error(`the page reports errors:\n${errors.join('\n')}`)
    return answer
  } finally {
    await browser.close()
  }
}

/** Serves the files of a folder while `work` lasts, which is given the address. `texts` are paths whose text is made when it is asked for. */
export async function withFolderServed(folder, work, { texts = {} } = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://127.0.0.1')
    if (Object.hasOwn(texts, pathname)) return response.end(await texts[pathname]())
    const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname))
    if (!existsSync(file)) return response.writeHead(404).end()
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await work(`http://127.0.0.1:${server.address().port}/`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
