import { Limitr } from 'limitr'
import { answered, CloudApp } from './cloud.mjs'
import report from './report.mjs'
import stof from './stof.mjs'

const POLICY = `
policy:
  credits: { request: {} }
  plans:
    free:
      default: true
      entitlements:
        api: { limit: { credit: request, value: 1_000, resets: true, reset_inc: 1day,
                        governor_enabled: true, governor_capacity: 3, governor_refill_rate: 0.001 } }
`

// Opened by the first request, and kept for those that follow: in the module's own scope the clock stands at 0.
let opening
const engine = () => (opening ??= Limitr.new(POLICY))

let told = 0

/** Home of an engine of Limitr Cloud: connections and timers belong to an object, and only for the length of a request to a Worker. */
export class CloudGate {
  #app = new CloudApp()

  async fetch(request) {
    return Response.json(await answered(this.#app, await request.json()))
  }
}

export default {
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/cloud') return env.gates.get(env.gates.idFromName('one')).fetch(request)
    if (pathname === '/report') return Response.json(await report())
    if (pathname === '/stof') return Response.json(await stof())
    if (pathname === '/told') return Response.json(told)
    const limitr = await engine()
    const user = searchParams.get('user')
    await limitr.ensureCustomer(user)
    const { allowed, retryAfterMs } = await limitr.decide(user, 'api', 1)
    // What needn't be waited for goes on after the answer, such as saving `limitr.customer(user)`.
    context.waitUntil(Promise.resolve().then(() => told++))
    if (allowed) return Response.json({ backend: limitr.backend, now: await limitr.now() })
    return new Response(null, { status: 429, headers: { 'Retry-After': Math.ceil(retryAfterMs / 1000) } })
  }
}
