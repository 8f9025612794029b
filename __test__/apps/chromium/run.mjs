// A browser: every vector on a page, then examples/browser, the calculator, used as a visitor would. `UPDATE=1` keeps its picture
// under docs/.

import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

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

  const demo = join(app.folder, 'demo')
  cpSync(join(ROOT, 'examples', 'browser'), demo, { recursive: true })
  await build({ root: demo, logLevel: 'error' })
  await app.page('demo/dist', (page) => visit(app, page))
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
