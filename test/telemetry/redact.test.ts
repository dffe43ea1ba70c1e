import t from 'tap'

import { createLogger } from '../../src/telemetry/logger.ts'
import { redact } from '../../src/telemetry/redact.ts'

const jws = 'eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJhdXRoMHxqYW5lIn0.c2lnbmF0dXJlLWJ5dGVz'
const jwe = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXZpdml2aXZpdg.Y2lwaGVydGV4dA.dGFn'
const random = 'Zm9vYmFyYmF6cXV4LXNlY3JldA'

const secrets: [where: string, log: (logger: ReturnType<typeof createLogger>) => void, secret: string][] = [
  ['a token in a message', (logger) => logger.info(`got ${jws}`), jws],
  ['a sealed session in a field', (logger) => logger.info({ value: jwe }, 'x'), jwe],
  [
    'a cookie header',
    (logger) => logger.info({ headers: { cookie: `theme=dark; __Host-stagedoor=${random}; a=b` } }, 'x'),
    random,
  ],
  ['a chunk in a message', (logger) => logger.info(`__Host-stagedoor.1=${random}; x`), random],
  ['a transaction cookie', (logger) => logger.info(`stagedoor-tx.0abc-def=${random}`), random],
  ['a callback URL', (logger) => logger.info({ url: `/.stagedoor/callback?code=${random}&state=s` }, 'x'), random],
  [
    'a code of letters only',
    (logger) => logger.info({ query: { code: 'onlylettersinhere' } }, 'x'),
    'onlylettersinhere',
  ],
  ['a query as an object', (logger) => logger.info({ query: { code: random } }, 'x'), random],
  ['state in a message', (logger) => logger.warn(`bad state=${random}`), random],
  ['a token response', (logger) => logger.info({ body: { refresh_token: random, access_token: jws } }, 'x'), random],
  ['a form body', (logger) => logger.info(`client_secret=${random}&grant_type=refresh_token`), random],
  ['a secret as JSON member', (logger) => logger.info({ auth0: { clientSecret: random } }, 'x'), random],
  ['an authorization header', (logger) => logger.info({ authorization: `Bearer ${random}` }, 'x'), random],
  ['basic credentials in a message', (logger) => logger.info(`sent Basic ${random}==`), random],
  ['an e-mail address', (logger) => logger.info({ user: 'jane.doe+x@mail.example.com' }, 'x'), 'jane.doe'],
  [
    'an address at a domain of another script',
    (logger) => logger.info({ user: 'jane.doe@bücher.example' }),
    'jane.doe',
  ],
  ['an address in another script', (logger) => logger.info({ user: 'ужин@почта.example' }), 'ужин'],
  ['such an address in a path', (logger) => logger.info({ path: '/of/jane.doe@b%C3%BCcher.example' }), 'jane.doe'],
  ['an address that begins with such a letter', (logger) => logger.info({ user: 'özlem@example.com' }), 'ö'],
  [
    'an error, its message, stack and cause',
    (logger) => logger.error({ err: new Error(`no ${jws}`, { cause: new Error(`code=${random}`) }) }, 'x'),
    random,
  ],
  ['a token in an error', (logger) => logger.error({ err: new Error(`no ${jws}`) }, 'x'), jws],
]

t.test('no secret reaches the log, from any source', async (t) => {
  for (const [where, log, secret] of secrets) {
    let written = ''
    log(createLogger('info', { write: (line: string) => void (written += line) }))
    t.match(written, /\[redacted\]/, where)
    t.notOk(written.includes(secret), where)
    t.doesNotThrow(() => JSON.parse(written), `${where}: the line is still JSON`)
  }
})

const afterEscapes: [what: string, secret: string][] = [
  ['a token', jws],
  ['a bearer token', `Bearer ${random}`],
  ['a field of a form', `code=${random}`],
  ['an e-mail address', 'jane.doe@mail.example.com'],
]

t.test('a secret at the beginning of a line is masked like any other, and the line is still JSON', async (t) => {
  for (const [what, secret] of afterEscapes) {
    for (const before of ['\n', '\t', '\u001b', '\\', '\\\n', String.raw`{"a":"\n`]) {
      const line = redact(JSON.stringify({ msg: `said:${before}${secret}` }))
      const where = `${what} after ${JSON.stringify(before)}`
      t.notOk(line.includes(secret.slice(-20)), where)
      t.match(line, /\[redacted\]/, where)
      t.doesNotThrow(() => JSON.parse(line), where)
    }
  }
})

t.test('text without secrets stays readable', async (t) => {
  let written = ''
  const logger = createLogger('info', { write: (line: string) => void (written += line) })
  logger.info(
    { code: 'STAGEDOOR_OIDC_UNAVAILABLE', requestId: '0192-aa', rule: 'everything', path: '/catalog' },
    'decided',
  )
  t.match(JSON.parse(written), {
    level: 'info',
    code: 'STAGEDOOR_OIDC_UNAVAILABLE',
    requestId: '0192-aa',
    rule: 'everything',
    path: '/catalog',
    msg: 'decided',
  })
})

t.test('a long line is redacted like a short one, from any author', async (t) => {
  const length = 256 * 1_024
  const hostile = [
    'a',
    'eyJaaaaaa',
    'eyJaaaaaa-',
    '-eyJaaaaaa',
    '.a',
    'a@',
    'stagedoor-tx.',
    'stagedoor.1',
    '"code":"',
    '%2',
    '\\',
    '\na',
    '\neyJaaaaaa',
    'ü',
    '@ü',
    '@%c3',
  ]
  for (const part of hostile) {
    const path = `/=${part.repeat(length / part.length)}!`
    t.match(redact(`{"path":${JSON.stringify(path)},"password":"${random}"}`), /"password":"\[redacted\]"/, part)
  }
})

t.test('the subject of a machine is not redacted as an e-mail address', async (t) => {
  const line = '{"subject":"MAcHiNeCliEnTiD@clients"}'
  t.equal(redact(line), line)
})
