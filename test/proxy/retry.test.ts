import t from 'tap'

import { mayRetry } from '../../src/proxy/retry.ts'

const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
const late = Object.assign(new Error('late'), { code: 'UPSTREAM_CONNECT_TIMEOUT' })
const died = Object.assign(new Error('died'), { code: 'UPSTREAM_HUNG_UP' })
const stopped = Object.assign(new Error('stopped'), { code: 'UPSTREAM_STOPPED' })
const slow = Object.assign(new Error('slow'), { code: 'UPSTREAM_HEAD_TIMEOUT' })
const nameless = new Error('nameless')

const several = { maxAttempts: 3, hasAlternatives: true }
const single = { maxAttempts: 2, hasAlternatives: false }
const first = { count: 1, isSent: false }
const sent = { count: 1, isSent: true }

type Case = [what: string, method: string, attempt: typeof first, limits: typeof several, error: Error, may: boolean]

const rows: Case[] = [
  ['not connected, another address', 'GET', first, several, refused, true],
  ['not connected in time, another address', 'GET', first, several, late, true],
  ['not connected for an unknown reason, another address', 'GET', first, several, nameless, true],
  ['not connected, no other address', 'GET', first, single, refused, false],
  ['not connected, idempotent', 'PUT', first, several, refused, true],
  ['not connected, idempotent', 'DELETE', first, several, refused, true],
  ['not connected, not idempotent', 'POST', first, several, refused, false],
  ['not connected, not idempotent', 'PATCH', first, several, refused, false],
  ['closed while idle', 'GET', sent, single, died, true],
  ['closed while idle', 'HEAD', sent, several, died, true],
  ['closed under an unsafe request', 'DELETE', sent, several, died, false],
  ['closed under an unsafe request', 'POST', sent, single, died, false],
  ['no answer in time', 'GET', sent, several, slow, false],
  ['the gateway stops', 'GET', first, several, stopped, false],
  ['tried often enough', 'GET', { count: 3, isSent: false }, several, refused, false],
  ['tried often enough', 'GET', { count: 2, isSent: true }, single, died, false],
]

for (const [what, method, attempt, limits, error, may] of rows) {
  t.test(`${method}, ${what}: ${may ? 'once more' : 'not again'}`, async (t) => {
    t.equal(mayRetry({ method, body: null, upgrade: undefined }, attempt, limits, error), may)
  })
}

t.test('a request with a body is never sent again', async (t) => {
  t.equal(mayRetry({ method: 'PUT', body: 'x', upgrade: undefined }, first, several, refused), false)
})

t.test('an upgrade is sent again only if no connection was established', async (t) => {
  const upgrade = { method: 'GET', body: null, upgrade: 'websocket' }
  t.equal(mayRetry(upgrade, first, several, refused), true)
  t.equal(mayRetry(upgrade, sent, several, died), false)
})
