import assert from 'node:assert/strict'

import * as fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'

import { createEventStreamParser } from '../../src/auth0-events/event-stream.ts'
import { parseEvent, revocationsFor } from '../../src/auth0-events/event.ts'
import { parseCompact, parseStrictJson } from '../../src/bearer/compact.ts'
import { readAuthority } from '../../src/boundary/authority.ts'
import { forwardedRequest } from '../../src/boundary/forward-auth-request.ts'
import { readPath } from '../../src/boundary/request-target.ts'
import { forwardedAddress } from '../../src/boundary/trusted-proxies.ts'
import { interpolate } from '../../src/config/tree/interpolate.ts'
import { parseYaml } from '../../src/config/tree/parse-yaml.ts'
import { validate } from '../../src/config/validate.ts'
import { refusalOfRedisUrl } from '../../src/config/values/addresses.ts'
import { verificationKeysIn } from '../../src/oidc/jwks-cache.ts'
import { readLogoutToken } from '../../src/oidc/logout-token.ts'
import { mapUserClaims } from '../../src/oidc/map-user-claims.ts'
import { safeReturnTo } from '../../src/oidc/return-to.ts'
import { readAnswerHead } from '../../src/proxy/http1/answer-head.ts'
import { UpstreamError } from '../../src/proxy/http1/upstream-error.ts'
import { matchKey } from '../../src/rule-matching/paths.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { chunkNames, joinChunks } from '../../src/session/session-cookie.ts'
import { fuzzParameters, nastyJson, nastyText } from './support.ts'

const base = 'https://portal.example.com'
const claimNames = {
  roles: ['roles'],
  groups: ['groups'],
  permissions: ['permissions'],
  preferredUsername: ['nickname'],
  custom: [],
}

/** Parsers that may return a value or throw their own error. Any other error is a defect. */
const parsers: [name: string, read: (text: string, json: unknown) => unknown][] = [
  ['path', (text) => isOnePath(`/${text}`)],
  ['Host', (text) => isOneHost(text)],
  ['X-Forwarded-For', (text) => assert.match(forwardedAddress(text) ?? '::', /^[0-9a-f:.]+$/)],
  ['return_to', (text) => assert.equal(new URL(safeReturnTo(text, base, '/.stagedoor'), base).origin, base)],
  [
    'return_to behind a slash',
    (text) => assert.equal(new URL(safeReturnTo(`/${text}`, base, '/.stagedoor'), base).origin, base),
  ],
  [
    'question of a proxy',
    (text) =>
      forwardedRequest(
        { method: 'GET', path: '/a', query: '', headers: { 'x-original-uri': text, 'x-original-method': text } },
        '/a',
      ),
  ],
  [
    'cookie',
    (text) => joinChunks('stagedoor', Object.fromEntries(chunkNames('stagedoor').map((name) => [name, text]))),
  ],
  ['token', (text) => parseCompact(text)],
  [
    'token with three parts',
    (text, json) =>
      parseCompact([json, json, text].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')),
  ],
  ['JSON', (text) => parseStrictJson(Buffer.from(text))],
  ['claims', (_text, json) => mapUserClaims(claimsOf(json), claimNames)],
  ['logout token', (_text, json) => readLogoutToken(claimsOf(json), claimsOf(json))],
  ['event of Auth0', (_text, json) => revocationsOf(json)],
  [
    'event of Auth0 of a known type',
    (text, json) => revocationsOf({ id: text, type: 'user.deleted', time: text, data: { object: json } }),
  ],
  ['stream of events', (text) => void createEventStreamParser()(`data: ${text}\n\n`)],
  [
    'answer of an upstream',
    (text) => refuses(() => readAnswerHead(`HTTP/1.1 200 OK\r\n${text}: ${text}\r\n${text}`), UpstreamError),
  ],
  ['Redis URL', (text) => void refusalOfRedisUrl(`redis://${text}`)],
  ['variables', (text) => void interpolate({ kind: 'scalar', source, value: `\${${text}}` }, process.env)],
]

const knownClaims = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'jti',
  'sid',
  'events',
  'typ',
  'alg',
  'roles',
  'groups',
  'permissions',
  'nickname',
  'name',
  'email',
  'email_verified',
  'picture',
  'org_id',
  'org_name',
  'amr',
  'auth_time',
]

/** Claims of a token: an object with this value for each known claim, and with its own members. */
function claimsOf(value: unknown): Record<string, unknown> {
  const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  return { ...Object.fromEntries(knownClaims.map((name) => [name, value])), ...members }
}

const source = { file: 'a.yaml', line: 1, column: 1 }

function isOnePath(text: string): void {
  const read = readPath(text)
  if (typeof read === 'string') return
  assert.doesNotMatch(read.path, /\/\.{1,2}(?:\/|$)|[\\\s#]/)
  if (read.oddity === undefined) assert.doesNotMatch(read.path, /\/\/|;|%2f|%5c/i)
  // Reading the result again gives the same result, and so does the form that rules compare.
  assert.deepEqual(readPath(read.path), read)
  if (read.oddity === undefined) assert.equal(matchKey(matchKey(read.path)), matchKey(read.path))
}

function isOneHost(text: string): void {
  const host = readAuthority(text)
  if (host === undefined) return
  const { hostname, port, username, pathname } = new URL(`http://${host}/`)
  assert.deepEqual([username, pathname], ['', '/'])
  assert.ok(host.startsWith(hostname.split(':', 2)[0] ?? '') && (port === '' || host.endsWith(`:${port}`)))
}

function revocationsOf(value: unknown): void {
  const event = parseEvent(value)
  if (event !== undefined) revocationsFor(event, base, 0)
}

function refuses(read: () => unknown, kind: new (...given: never[]) => Error): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof kind)) throw error
  }
}

for (const [name, read] of parsers) {
  t.test(`${name}: any input is read or refused`, async () => {
    fc.assert(
      fc.property(nastyText, nastyJson, (text, json) => void read(text, json)),
      fuzzParameters,
    )
  })
}

t.test('an invalid key set throws an error that its caller expects', async () => {
  const parse = (text: string): void => refuses(() => verificationKeysIn(text), Error)
  fc.assert(
    fc.property(nastyJson, nastyText, (json, text) => (parse(JSON.stringify({ keys: [json] })), parse(text))),
    fuzzParameters,
  )
})

t.test('any YAML configuration is read or refused with problems', async () => {
  const sections = fc.constantFrom(
    'server',
    'auth0',
    'session',
    'assertion',
    'upstreams',
    'machines',
    'routes',
    'admin',
    'policy',
    'log',
    '__proto__',
  )
  const check = (section: string, value: unknown, text: string): void => {
    for (const written of [
      text,
      `${section}: ${text}`,
      stringify(JSON.parse(`{"${section}":${JSON.stringify(value) ?? 'null'}}`)),
    ]) {
      const { tree, problems } = parseYaml('a.yaml', written)
      if (problems.length > 0) continue
      const filled = interpolate(tree, {})
      const validated = validate(filled.tree, filled.absences, filled.problems)
      assert.ok(validated.config === undefined && validated.problems.length > 0)
    }
  }
  fc.assert(fc.property(sections, nastyJson, nastyText, check), {
    ...fuzzParameters,
    numRuns: Math.ceil(fuzzParameters.numRuns / 10),
  })
})

t.test('an invalid sealed cookie does not open', async () => {
  const sealer = createSealer(['a secret for tests, at least 32 characters'], 'session')
  const sealed = await sealer.seal({ a: 1 })
  const changed = fc
    .tuple(fc.nat(sealed.length - 1), nastyText)
    .map(([at, text]) => sealed.slice(0, at) + text + sealed.slice(at + 1))
  await fc.assert(
    fc.asyncProperty(fc.oneof(nastyText, changed), async (text) => {
      if (text !== sealed) assert.equal(await sealer.open(text), undefined)
    }),
    fuzzParameters,
  )
})
