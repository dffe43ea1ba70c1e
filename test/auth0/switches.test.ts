import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'

import type { LocalAuth0 } from '../../auth0/local/server.ts'
import { until } from '../support/until.ts'
import { createApplication, startAuth0 } from './support/start.ts'

const kidsOf = async (auth0: LocalAuth0) => {
  const response = await fetch(`${auth0.issuer}.well-known/jwks.json`)
  const { keys } = (await response.json()) as { keys: { kid: string; d?: string }[] }
  t.ok(
    keys.every((key) => key.d === undefined),
    'only public parts are published',
  )
  return keys.map(({ kid }) => kid)
}

t.test('discovery has the issuer with its trailing slash and all endpoints below it', async (t) => {
  const auth0 = await startAuth0(t, { issuerHost: 'localhost' })
  t.match(auth0.issuer, /^http:\/\/localhost:\d+\/$/)
  const response = await fetch(`${auth0.issuer}.well-known/openid-configuration`)
  const document = (await response.json()) as Record<string, unknown>
  t.match(document, {
    issuer: auth0.issuer,
    authorization_endpoint: `${auth0.issuer}authorize`,
    token_endpoint: `${auth0.issuer}oauth/token`,
    jwks_uri: `${auth0.issuer}.well-known/jwks.json`,
    userinfo_endpoint: `${auth0.issuer}userinfo`,
    revocation_endpoint: `${auth0.issuer}oauth/revoke`,
    end_session_endpoint: `${auth0.issuer}oidc/logout`,
  })
  auth0.switches.setSettings({ advertiseEndSession: false })
  const older = await (await fetch(`${auth0.issuer}.well-known/oauth-authorization-server`)).json()
  t.notOk('end_session_endpoint' in (older as object))
})

t.test(
  'the JWKS has the current and the next key and may be cached for 15 s; rotation advances, and revocation drops the old key',
  async (t) => {
    const auth0 = await startAuth0(t)
    const cacheControl = (await fetch(`${auth0.issuer}.well-known/jwks.json`)).headers.get('cache-control')
    t.equal(cacheControl, 'public, max-age=15, stale-while-revalidate=15, stale-if-error=86400')
    const [current, next] = await kidsOf(auth0)
    await auth0.switches.rotateKeys()
    const rotated = await kidsOf(auth0)
    t.equal(rotated.length, 3)
    t.equal(rotated[0], next, 'the next key is current')
    t.ok(rotated.includes(current ?? ''), 'the previous key is still there')
    await auth0.switches.rotateKeys({ revoke: true })
    const revoked = await kidsOf(auth0)
    t.notOk(revoked.includes(current ?? '') || revoked.includes(next ?? ''))
  },
)

t.test('tokens issued after a rotation verify against the new JWKS', async (t) => {
  const auth0 = await startAuth0(t)
  const { login } = await createApplication(auth0)
  const before = decodeProtectedHeader((await login()).id_token ?? '').kid
  await auth0.switches.rotateKeys({ revoke: true })
  const { id_token = '' } = await login()
  t.not(decodeProtectedHeader(id_token).kid, before)
  const jwks = createRemoteJWKSet(new URL(`${auth0.issuer}.well-known/jwks.json`))
  t.ok(await jwtVerify(id_token, jwks, { issuer: auth0.issuer }))
})

t.test('down makes some or all paths refuse, fail or send garbage, until up', async (t) => {
  const auth0 = await startAuth0(t)
  const jwks = `${auth0.issuer}.well-known/jwks.json`
  const document = `${auth0.issuer}.well-known/openid-configuration`
  auth0.switches.down()
  await t.rejects(fetch(jwks))
  auth0.switches.down('error', ['/.well-known/jwks.json'])
  t.same([(await fetch(jwks)).status, (await fetch(document)).status], [503, 200])
  auth0.switches.down('garbage')
  await t.rejects((await fetch(document)).json())
  auth0.switches.up()
  t.equal((await fetch(jwks)).status, 200)
})

t.test('slow delays answers until it is switched off', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.setSlowMs(60_000)
  auth0.switches.down('slow')
  const url = `${auth0.issuer}.well-known/jwks.json`
  const given = new AbortController()
  const aborted = t.rejects(fetch(url, { signal: given.signal }))
  await until(() => auth0.counters.jwks === 1)
  given.abort()
  await aborted
  const pending = fetch(url)
  await until(() => auth0.counters.jwks === 2)
  auth0.switches.up()
  t.equal((await pending).status, 200)
})

t.test('requests are counted for each endpoint and grant type', async (t) => {
  const auth0 = await startAuth0(t)
  await (await createApplication(auth0)).login()
  t.match(auth0.counters, { discovery: 1, authorize: 2, token: 1, tokenAuthorizationCode: 1, tokenRefreshToken: 0 })
  auth0.counters.reset()
  t.equal(auth0.counters.token, 0)
})

t.test('another process can set the switches over HTTP, even while the tenant is down', async (t) => {
  const auth0 = await startAuth0(t)
  const url = `${auth0.issuer}__local/switches`
  const turn = async (body: unknown) => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
    return { status: response.status, body: await response.json() }
  }
  t.equal((await turn({ switch: 'down', arguments: ['error'] })).status, 200)
  t.equal((await fetch(`${auth0.issuer}.well-known/jwks.json`)).status, 503)
  t.equal((await turn({ switch: 'up' })).status, 200)
  await turn({ switch: 'setRoles', arguments: [auth0.users[0]?.id, ['one']] })
  t.same(auth0.users[0]?.roles, ['one'])
  t.match(await (await fetch(url)).json(), { issuer: auth0.issuer, counters: { jwks: 1 } })
  t.match(await turn({ switch: 'setRoles', arguments: ['nobody', []] }), {
    status: 400,
    body: { error: /no such user/ },
  })
  t.equal((await turn({ switch: 'constructor' })).status, 404)
  t.equal((await turn(['nonsense'])).status, 400)
})
