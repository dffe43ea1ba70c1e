import { createHash } from 'node:crypto'

import t from 'tap'

import type { TokenFaults } from '../../auth0/local/hostile.ts'
import { isAccessTokenNamed } from '../../src/oidc/id-token.ts'
import { createBrowser } from '../support/browser.ts'
import { passLoginPageUntilCallback, startStack } from '../support/stack.ts'

/**
 * The provider behaviour in the OpenID Foundation's conformance profile for relying parties (basic), from the local Auth0.
 * https://openid.net/certification/connect_rp_testing/
 */
const second = 1
const hour = 3_600 * second
const now = Math.floor(Date.now() / 1000)

const refused: [module: string, what: string, faults: TokenFaults][] = [
  ['oidcc-client-test-invalid-iss', 'another issuer', { claims: { iss: 'https://evil.example/' } }],
  ['oidcc-client-test-invalid-iss', 'no issuer', { without: ['iss'] }],
  ['oidcc-client-test-invalid-aud', 'another audience', { claims: { aud: 'another-client' } }],
  ['oidcc-client-test-invalid-aud', 'a list of other audiences', { claims: { aud: ['one', 'two'] } }],
  ['beyond the profile', 'no audience', { without: ['aud'] }],
  ['oidcc-client-test-missing-sub', 'no subject', { without: ['sub'] }],
  ['oidcc-client-test-missing-iat', 'no time of issue', { without: ['iat'] }],
  ['beyond the profile', 'no expiry', { without: ['exp'] }],
  ['beyond the profile', 'an expiry that is past', { claims: { iat: now - 2 * hour, exp: now - hour } }],
  ['beyond the profile', 'a time before which it is not valid', { claims: { nbf: now + hour } }],
  ['oidcc-client-test-nonce-invalid', 'another nonce', { claims: { nonce: 'another' } }],
  ['oidcc-client-test-nonce-invalid', 'no nonce', { without: ['nonce'] }],
  ['beyond the profile', 'another authorized party', { claims: { azp: 'another-client' } }],
  ['oidcc-client-test-invalid-sig-rs256', 'a signature that does not fit', { signature: 'broken' }],
  ['oidcc-client-test-invalid-sig-rs256', 'a signature by a key that is not published', { signature: 'foreign-key' }],
  ['oidcc-client-test-idtoken-sig-none', 'no signature', { signature: 'none' }],
  ['beyond the profile', 'a signature by a shared secret', { signature: 'client-secret' }],
  ['beyond the profile', 'a key id that is not published', { header: { kid: 'unknown' } }],
  ['beyond the profile', 'the hash of another access token', { claims: { at_hash: 'A'.repeat(22) } }],
  ['beyond the profile', 'a hash that is no text', { claims: { at_hash: 7 } }],
]

t.test('an ID token that the profile requires to be refused starts no session', async (t) => {
  const stack = await startStack(t, { config: { server: { failedAttempts: { max: 1_000 } } } })
  for (const [module, what, idTokenFaults] of refused) {
    stack.auth0.switches.setSettings({ idTokenFaults })
    const { page, browser } = await stack.signIn()
    t.match(page, { status: 502, text: /STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED/ }, `${module}: ${what}`)
    t.notOk(browser.cookiesOf(stack.url).has('stagedoor'), `${module}: ${what}`)
  }
})

const accepted: [module: string, what: string, faultsFor: (clientId: string) => TokenFaults][] = [
  ['oidcc-client-test', 'nothing special', () => ({})],
  ['oidcc-client-test-idtoken-sig-rs256', 'a signature by RS256', () => ({ header: { alg: 'RS256' } })],
  ['beyond the profile', 'its audience in a list', (clientId) => ({ claims: { aud: [clientId] } })],
  [
    'beyond the profile',
    'several audiences, and us as authorized party',
    (clientId) => ({ claims: { aud: [clientId, 'another'], azp: clientId } }),
  ],
  ['beyond the profile', 'claims that nobody knows', () => ({ claims: { 'https://x.example/y': { z: 1 } } })],
]

t.test('an ID token that the profile requires to be accepted starts a session', async (t) => {
  const stack = await startStack(t)
  for (const [module, what, faultsFor] of accepted) {
    stack.auth0.switches.setSettings({ idTokenFaults: faultsFor(stack.auth0.clientId) })
    t.equal((await stack.signIn()).page.status, 200, `${module}: ${what}`)
  }
})

t.test('an ID token without a key id is verified if one key is published, and refused if several are', async (t) => {
  const single = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const response = await fetch(input, init)
    if (!String(input instanceof Request ? input.url : input).endsWith('jwks.json')) return response
    const { keys } = (await response.json()) as { keys: { kid?: string }[] }
    return Response.json({ keys: keys.filter(({ kid }) => kid === stack.auth0.signingKey().kid) })
  }
  const stack = await startStack(t, { fetch: single })
  stack.auth0.switches.setSettings({ idTokenFaults: { header: { kid: undefined } } })
  t.equal((await stack.signIn()).page.status, 200, 'oidcc-client-test-kid-absent-single-jwks')

  const other = await startStack(t)
  other.auth0.switches.setSettings({ idTokenFaults: { header: { kid: undefined } } })
  const { page, browser } = await other.signIn()
  t.equal(page.status, 502, 'oidcc-client-test-kid-absent-multiple-jwks')
  t.notOk(browser.cookiesOf(other.url).has('stagedoor'), 'oidcc-client-test-kid-absent-multiple-jwks')
})

t.test('a callback with another issuer, or without an announced one, is refused (RFC 9207)', async (t) => {
  const stack = await startStack(t, { auth0: { settings: { sendIssuerOnCallback: true } } })
  for (const change of ['https://evil.example/', undefined]) {
    const browser = createBrowser()
    const login = await browser.open(`${stack.url}/`)
    const callback = new URL(await passLoginPageUntilCallback(stack.url, login, browser))
    t.equal(callback.searchParams.get('iss'), stack.auth0.issuer)
    if (change === undefined) callback.searchParams.delete('iss')
    else callback.searchParams.set('iss', change)
    t.equal((await browser.step(callback.href)).status, 400, String(change))
    t.notOk(browser.cookiesOf(stack.url).has('stagedoor'))
  }
  t.equal((await stack.signIn()).page.status, 200)
})

t.test('a login succeeds right after a key rotation', async (t) => {
  for (const revoke of [false, true]) {
    const stack = await startStack(t)
    t.equal((await stack.signIn()).page.status, 200)
    await stack.auth0.switches.rotateKeys({ revoke })
    t.equal((await stack.signIn()).page.status, 200, revoke ? 'the old one revoked' : 'the old one still published')
  }
})

t.test('a discovery document of another issuer is refused', async (t) => {
  const lying = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const response = await fetch(input, init)
    if (!String(input instanceof Request ? input.url : input).includes('.well-known/openid-configuration'))
      return response
    // Use http as here; otherwise the document would be refused for its addresses.
    return Response.json({ ...((await response.json()) as object), issuer: 'http://evil.example/' })
  }
  const stack = await startStack(t, { fetch: lying })
  t.match((await stack.signIn()).page, { status: 503, text: /STAGEDOOR_OIDC_UNAVAILABLE/ })
})

t.test("at_hash is the left half of the algorithm's hash", async (t) => {
  const idToken = (alg: string | undefined) => `${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.e30.x`
  for (const [alg, name] of [
    ['RS256', 'sha256'],
    ['ES384', 'sha384'],
    ['PS512', 'sha512'],
    ['EdDSA', 'sha512'],
  ] as const) {
    const hash = createHash(name).update('access').digest()
    const half = hash.subarray(0, hash.length / 2).toString('base64url')
    t.equal(isAccessTokenNamed(half, idToken(alg), 'access'), true, alg)
    t.equal(isAccessTokenNamed(half, idToken(alg), 'another'), false, alg)
  }
  t.equal(isAccessTokenNamed(undefined, idToken('RS256'), 'access'), true, 'it is optional')
  t.equal(isAccessTokenNamed('x', idToken(undefined), 'access'), false)
})
