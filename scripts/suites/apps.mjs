// The packed tarball in real runtimes and through real bundlers: every folder of __test__/apps/ that has a run.mjs.

import { existsSync, readdirSync } from 'node:fs'
import { provideChromium } from '../lib/browser.mjs'
import { bundleReport, Consumer } from '../lib/consumer.mjs'
import { path } from '../lib/run.mjs'
import { pack } from '../pack.mjs'
import { installPackages } from '../setup.mjs'

const APPS = path('__test__', 'apps')

/** Runs one app; answers why a part of it can't be run here, if so. */
async function runApp(folder, tarballs, chromium) {
  const app = new Consumer(folder, tarballs, chromium)
  try {
    const { default: run } = await import(`${folder}/run.mjs`)
    return await run(app)
  } finally {
    app.remove()
  }
}

/** Packs, then runs every app; `APPS=vite,deno` runs those only. */
export async function apps() {
  await installPackages(APPS, ['--ignore-scripts'])
  await bundleReport()
  const [tarballs, chromium] = [await pack(), await provideChromium()]
  const counts = { passed: 0, failed: 0, skipped: 0, output: '', note: '' }
  const only = process.env.APPS?.split(',')
  const names = readdirSync(APPS).filter((name) => existsSync(`${APPS}/${name}/run.mjs`))
  for (const name of names.filter((one) => !only || only.includes(one))) {
    try {
      const why = await runApp(`${APPS}/${name}`, tarballs, chromium)
      counts[why ? 'skipped' : 'passed'] += 1
      counts.note += why ? `${name} not run here: ${why}  ` : `${name}  `
    } catch (error) {
      counts.failed += 1
      counts.output += `apps/${name}: ${error.message}\n${error.output ?? error.stack}\n`
    }
  }
  return counts
}
