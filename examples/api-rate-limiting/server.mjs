// An HTTP server that asks Limitr before it answers.

import { createServer } from 'node:http'

const keyOf = (request) => /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''

/** The status, headers and body for a decision. */
function answerTo({ allowed, reason, limit, remaining, retryAfterMs }) {
  if (reason === 'unknown_customer') return [401, {}, { error: 'unknown API key' }]
  const headers = { 'RateLimit-Limit': limit, 'RateLimit-Remaining': remaining }
  if (allowed) return [200, headers, { hello: 'world' }]
  if (retryAfterMs !== null) headers['Retry-After'] = Math.ceil(retryAfterMs / 1000)
  return [429, headers, { error: reason === 'governed' ? 'too fast' : 'no requests left today' }]
}

/** A server that counts every request on the customer whose API key it carries. */
export function serverFor(limitr) {
  return createServer(async (request, response) => {
    try {
      const decision = await limitr.decide(keyOf(request), 'api', 1)
      const [status, headers, body] = answerTo(decision)
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
      response.end(JSON.stringify(body))
    } catch {
      response.writeHead(500).end()
    }
  })
}
