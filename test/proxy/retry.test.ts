import t from 'tap'

import { failureCodeOf, mayRetry, UpstreamError } from '../../src/proxy/failure.ts'

const coded = (code: string): Error => Object.assign(new Error(code), { code })
const notConnected = (cause: Error): Error => new UpstreamError('UPSTREAM_CONNECT_FAILED', 'no connection', { cause })

const refused = notConnected(coded('ECONNREFUSED'))
const late = notConnected(coded('UND_ERR_CONNECT_TIMEOUT'))
const nameless = notConnected(new Error('nameless'))
const died = coded('UND_ERR_SOCKET')
const reset = coded('UPSTREAM_RESET')
const stopped = coded('UND_ERR_DESTROYED')
const slow = coded('UND_ERR_HEADERS_TIMEOUT')
const unwritable = coded('UND_ERR_INVALID_ARG')

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
  ['closed while idle, before it was sent', 'POST', first, single, reset, true],
  ['closed while idle', 'GET', sent, single, died, true],
  ['closed while idle', 'HEAD', sent, several, reset, true],
  ['closed under an unsafe request', 'DELETE', sent, several, died, false],
  ['closed under an unsafe request', 'POST', sent, single, died, false],
  ['no answer in time', 'GET', sent, several, slow, false],
  ['it cannot be written', 'GET', first, several, unwritable, false],
  ['the gateway stops', 'GET', first, several, stopped, false],
  ['tried often enough', 'GET', { count: 3, isSent: false }, several, refused, false],
  ['tried often enough', 'GET', { count: 2, isSent: true }, single, died, false],
]

for (const [what, method, attempt, limits, error, may] of rows) {
  t.test(`${method}, ${what}: ${may ? 'once more' : 'not again'}`, async (t) => {
    t.equal(mayRetry({ method, body: null, upgrade: undefined }, attempt, limits, error), may)
  })
}

t.test('a request with a body is sent again only where nothing of it was sent', async (t) => {
  const upload = { method: 'PUT', body: 'x', upgrade: undefined }
  t.equal(mayRetry(upload, first, several, reset), true)
  t.equal(mayRetry(upload, first, several, refused), false)
  t.equal(mayRetry({ ...upload, method: 'GET' }, sent, several, died), false)
})

t.test('an upgrade is sent again only where no connection stood', async (t) => {
  const upgrade = { method: 'GET', body: null, upgrade: 'websocket' }
  t.equal(mayRetry(upgrade, first, several, refused), true)
  t.equal(mayRetry(upgrade, sent, several, died), false)
})

for (const [error, isAnswered, code] of [
  [refused, false, 'UNREACHABLE'],
  [late, false, 'TIMEOUT'],
  [notConnected(coded('ETIMEDOUT')), false, 'TIMEOUT'],
  [notConnected(coded('ERR_TLS_CERT_ALTNAME_INVALID')), false, 'BAD_RESPONSE'],
  [slow, false, 'TIMEOUT'],
  [slow, true, 'TIMEOUT'],
  [coded('UND_ERR_HEADERS_OVERFLOW'), true, 'ANSWER_HEADERS_TOO_LARGE'],
  [coded('HPE_INVALID_CONSTANT'), false, 'BAD_RESPONSE'],
  [coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), false, 'BAD_RESPONSE'],
  [new UpstreamError('UPSTREAM_UNREADABLE', 'gzip'), false, 'BAD_RESPONSE'],
  [died, false, 'UNREACHABLE'],
  [died, true, 'BAD_RESPONSE'],
  [new Error('without a code'), false, 'UNREACHABLE'],
  [Object.assign(new Error('with a number'), { code: 1 }), false, 'UNREACHABLE'],
] as const) {
  t.test(
    `${(error.cause instanceof Error ? error.cause : error).message}, ${isAnswered ? 'answered' : 'not answered'}: ${code}`,
    async (t) => {
      t.equal(failureCodeOf(error, isAnswered), `STAGEDOOR_PROXY_${code}`)
    },
  )
}
