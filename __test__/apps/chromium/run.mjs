// A browser: every vector on a page, an engine of Limitr Cloud on a page of another origin than the server's, then examples/browser, the
// calculator, used as a visitor would. `UPDATE=1` keeps its picture under docs/.

import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { asked, proveCloud, withCloud } from '../shared/cloud-proof.mjs'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PICTURE = process.env.UPDATE ? 'docs/browser-demo.png' : 'dist/browser-demo.png'

export default async function run(app) {
  if (!app.chromium.path) return app.chromium.why
  await app.install({ platform: false })
  await build({ root: app.folder })
  await app.page('dist', async (page) => {
    await app.reports('wasm', await app.shown(page))
    await page.goto(new URL('?stof', page.url()).href)
    app.runsStof('wasm', await app.shown(page))
  })

  await cloud(app)
  const demo = join(app.folder, 'demo')
  cpSync(join(ROOT, 'examples', 'browser'), demo, { recursive: true })
  await build({ root: demo, logLevel: 'error' })
  await app.page('demo/dist', (page) => visit(app, page))
}

/** With tickets that the page's own server gets, with a token, and from an origin that isn't let in. */
async function cloud(app) {
  const texts = { '/ticket': () => server.ticket() }
  let server
  const play = async (page) => {
    const { origin } = new URL(page.url())
    await withCloud(['--origins', origin], async (cloud) => {
      server = cloud.server
      const answers = (...call) => page.evaluate((asked) => globalThis.asks(asked), call)
      const open = async (where, credential) => {
        await page.goto(`${where}/?cloud`)
        app.same(await app.shown(page), '"here"', 'what the page shows')
        return asked(answers)('open', { ...credential, url: cloud.wire.url, connectTimeout: 1000 })
      }
      await open(origin, { token: server.token })
      app.same(JSON.stringify(await asked(answers)('close')), '["online","closed"]', 'states with a token')
      const elsewhere = origin.replace('127.0.0.1', 'localhost')
      const refused = await open(elsewhere, { token: server.token }).catch((error) => error)
      app.matches(
        `${refused.code}: ${refused.message}`,
        /^connect_timeout: .* `--origins` has http:..localhost:/
      )
      await page.goto(`${origin}/?cloud`)
      await app.shown(page)
      await proveCloud(cloud, 'wasm', answers, { tickets: true })
    })
  }
  // Chromium itself says of each try that failed that it did.
  const expected = /^(WebSocket connection to|Access to fetch at|Failed to load resource)/
  await app.page('dist', play, { texts, expected })
}

async function visit(app, page) {
  const shown = async (id) => (await page.getByTestId(id).textContent()).trim()
  const amount = async (id) => Number((await shown(id)).replace(/[^0-9.-]/g, ''))
  const slide = async (id, share) => {
    const slider = page.locator(`#${id}`)
    const [least, most] = [Number(await slider.getAttribute('min')), Number(await slider.getAttribute('max'))]
    await slider.fill(String(least + Math.round((most - least) * share)))
  }
  await page.getByTestId('backend').filter({ hasNotText: 'loading' }).waitFor() // the engine is there
  await page.getByTestId('price').waitFor()
  app.matches(await shown('backend'), /wasm/)
  await slide('tokens', 0.2)
  const [less, binds] = [await amount('price'), await shown('binds')]
  await slide('tokens', 0.9)
  const more = await amount('price')
  if (!(more > less)) throw new Error(`the price is ${less}, and ${more} for more tokens`)
  if (binds === (await shown('binds'))) throw new Error(`the limit that binds stays: ${binds}`)
  const worked = (await amount('price')) - (await amount('cost')) - (await amount('margin'))
  if (Math.abs(worked) > 0.02) throw new Error(`price, cost and margin are off by ${worked}`)
  mkdirSync(join(ROOT, 'dist'), { recursive: true })
  await page.screenshot({ path: join(ROOT, PICTURE) })
}
