import { CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose'
import t from 'tap'

import { revocationOf } from '../../src/oidc/backchannel-logout.ts'
import { createLogoutTokenVerifier } from '../../src/oidc/logout-token.ts'

const issuer = 'https://tenant.eu.auth0.com/'
const nowSeconds = 1_800_000_000
const event = 'http://schemas.openid.net/event/backchannel-logout'
const good = {
  iss: issuer,
  sub: 'auth0|jane',
  aud: 'client',
  iat: nowSeconds,
  exp: nowSeconds + 120,
  jti: 'j-1',
  events: { [event]: {} },
  sid: 'sid-1',
  trace_id: 't-1',
}

const { privateKey, publicKey } = await generateKeyPair('RS256')
const keySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k-1', alg: 'RS256' }] }

const verifier = (isTypeRequired: boolean) =>
  createLogoutTokenVerifier({
    provider: { metadata: async () => ({ issuer, jwks_uri: 'https://tenant.example/jwks' }) },
    clientId: 'client',
    isTypeRequired,
    fetch: async () => Response.json(keySet),
    timeoutMs: 1_000,
    now: () => nowSeconds * 1000,
  })

async function read(claims: object, header: object, verify = verifier(false)) {
  const signing = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'k-1', ...header })
  return verify(await signing.sign(privateKey))
}

t.test('a token in Auth0’s form names the session that ends', async (t) => {
  t.same(await read(good, { typ: 'JWT' }), {
    issuer,
    tokenId: 'j-1',
    issuedAtSeconds: nowSeconds,
    expiresAtSeconds: nowSeconds + 120,
    sid: 'sid-1',
    subject: 'auth0|jane',
  })
})

const accepted: [string, object, object][] = [
  ['the type of the specification', {}, { typ: 'logout+jwt' }],
  ['the type with its media type prefix', {}, { typ: 'application/logout+jwt' }],
  ['no type', {}, {}],
  ['several audiences', { aud: ['other', 'client'] }, { typ: 'JWT' }],
  ['a clock that is a little behind', { iat: nowSeconds + 30 }, { typ: 'JWT' }],
  ['a user without a session', { sid: undefined }, { typ: 'JWT' }],
  ['a session without a user', { sub: undefined }, { typ: 'JWT' }],
]
for (const [what, change, header] of accepted) {
  t.test(`a token with ${what} is accepted`, async (t) => {
    t.match(await read({ ...good, ...change }, header), { tokenId: 'j-1' })
  })
}

const refused: [string, object, object, string][] = [
  ['the type of an access token', {}, { typ: 'at+jwt' }, 'type'],
  ['another issuer', { iss: 'https://evil.example/' }, {}, 'issuer'],
  ['the issuer without its slash', { iss: issuer.slice(0, -1) }, {}, 'issuer'],
  ['another audience', { aud: 'other' }, {}, 'audience'],
  ['no audience', { aud: undefined }, {}, 'audience'],
  ['no time of issue', { iat: undefined }, {}, 'issued-at'],
  ['a time of issue long ago', { iat: nowSeconds - 151 }, {}, 'issued-at'],
  ['a time of issue to come', { iat: nowSeconds + 31 }, {}, 'issued-at'],
  ['no expiry', { exp: undefined }, {}, 'expired'],
  ['an expiry that is past', { exp: nowSeconds - 30 }, {}, 'expired'],
  ['a time before which it is not good', { nbf: nowSeconds + 31 }, {}, 'issued-at'],
  ['a time that is text', { exp: 'tomorrow' }, {}, 'expired'],
  ['no id', { jti: undefined }, {}, 'token-id'],
  ['an empty id', { jti: '' }, {}, 'token-id'],
  ['no events, as an ID token has none', { events: undefined }, {}, 'events'],
  ['other events', { events: { 'https://example.com/other': {} } }, {}, 'events'],
  ['an event that is no object', { events: { [event]: true } }, {}, 'events'],
  ['an event that is a list', { events: { [event]: [] } }, {}, 'events'],
  ['a nonce, as an ID token has', { nonce: 'n' }, {}, 'nonce'],
  ['neither session nor user', { sid: undefined, sub: '' }, {}, 'nobody'],
  ['a session, and a user that is no subject', { sub: 'auth0|jane ' }, {}, 'subject'],
]
for (const [what, change, header, reason] of refused) {
  t.test(`a token with ${what} is refused`, async (t) => {
    await t.rejects(read({ ...good, ...change }, header), { code: 'STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', reason })
  })
}

t.test('a signed payload that is no object is refused', async (t) => {
  const signing = new CompactSign(Buffer.from('[]')).setProtectedHeader({ alg: 'RS256', kid: 'k-1' })
  await t.rejects(verifier(false)(await signing.sign(privateKey)), {
    code: 'STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED',
    reason: 'claims',
  })
})

t.test('a named session ends alone; without one all earlier sessions of the user end', async (t) => {
  const now = nowSeconds * 1000
  const token = { issuer, tokenId: 'j', issuedAtSeconds: nowSeconds, expiresAtSeconds: nowSeconds + 120 }
  t.same(revocationOf({ ...token, sid: 'sid-1', subject: 'auth0|jane' }, now), {
    issuer,
    sid: 'sid-1',
    createdBefore: now + 1,
  })
  t.same(revocationOf({ ...token, subject: 'auth0|jane' }, now), {
    issuer,
    subject: 'auth0|jane',
    createdBefore: now + 1,
  })
  t.match(revocationOf({ ...token, subject: 'auth0|jane' }, now + 90_000), { createdBefore: now + 60_000 })
})

const types: [header: object, isTaken: boolean][] = [
  [{ typ: 'logout+jwt' }, true],
  [{ typ: 'application/logout+JWT' }, true],
  [{ typ: 'JWT' }, false],
  [{}, false],
]

t.test('if the type is required, a token without it is refused', async (t) => {
  for (const [header, isTaken] of types) {
    const reading = read(good, header, verifier(true))
    if (isTaken) t.match(await reading, { tokenId: 'j-1' }, JSON.stringify(header))
    else
      await t.rejects(reading, { code: 'STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', reason: 'type' }, JSON.stringify(header))
  }
})
