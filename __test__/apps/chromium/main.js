import { answered, CloudApp } from './cloud.mjs'
import report from './report.mjs'
import stof from './stof.mjs'

/** Gets a ticket from the page's own server. */
const ticket = async () => (await fetch('/ticket', { method: 'POST' })).text()

/** An engine of Limitr Cloud, which the test asks; `tickets` instead of a token. */
async function cloud() {
  const app = new CloudApp()
  globalThis.asks = ([name, first, ...more]) =>
    answered(app, first?.tickets ? [name, { url: first.url, ticket }] : [name, first, ...more])
  return 'here'
}

const shows = { '?cloud': cloud, '?stof': stof }[location.search] ?? report
document.body.textContent = JSON.stringify(await shows())
