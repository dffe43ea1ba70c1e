import { ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client'
import t from 'tap'

import { isClientRejected, isGrantInvalid, outageIn } from '../../src/oidc/failures.ts'

const answer = (status: number, error: string): ResponseBodyError =>
  new ResponseBodyError('refused', { cause: { error }, response: new Response(null, { status }) })
const challenge = (status: number): WWWAuthenticateChallengeError =>
  new WWWAuthenticateChallengeError('challenged', { cause: [], response: new Response(null, { status }) })
const networkFailure = Object.assign(new Error('x', { cause: new TypeError('fetch failed') }), { code: 'OTHER' })
const none = 'the login service does not answer'
const timeout = Object.assign(new Error('x'), { code: 'OAUTH_TIMEOUT' })

const rows: [name: string, error: unknown, verdict: { client?: boolean; grant?: boolean; outage?: string }][] = [
  ['invalid_client', answer(400, 'invalid_client'), { client: true }],
  ['Auth0 refusing the secret', answer(401, 'access_denied'), { client: true }],
  ['a challenge', challenge(401), { client: true }],
  ['a challenge of another kind', challenge(400), {}],
  ['a refused person', answer(403, 'access_denied'), {}],
  ['a bad code', answer(403, 'invalid_grant'), { grant: true }],
  ['a server error', answer(503, 'temporarily_unavailable'), { outage: ' answers 503' }],
  ['too many requests', answer(429, 'too_many_requests'), { outage: ' answers 429' }],
  ['an unexpected status', new Error('x', { cause: new Response(null, { status: 502 }) }), { outage: ' answers 502' }],
  ['an unexpected answer', new Error('x', { cause: new Response(null, { status: 200 }) }), {}],
  ['no connection', networkFailure, { outage: none }],
  ['no answer in time', timeout, { outage: none }],
  ['a timeout of fetch', new Error('x', { cause: new DOMException('t', 'TimeoutError') }), { outage: none }],
  ['anything else', new Error('x'), {}],
  ['no error at all', undefined, {}],
]

t.test('each failure of the provider gets its own error code', async (t) => {
  for (const [name, error, { client = false, grant = false, outage }] of rows) {
    t.equal(isClientRejected(error), client, `${name}: our own credentials`)
    t.equal(isGrantInvalid(error), grant, `${name}: the grant`)
    t.equal(outageIn(error), outage, `${name}: the provider`)
  }
})
