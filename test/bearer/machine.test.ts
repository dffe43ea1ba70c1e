import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { ask, encode, goodToken, forge, grantedToken, machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'

t.test('a machine reaches the upstream with our token in place of its own', async (t) => {
  const stack = await startStack(t, { config: { machines: machinesIn } })
  const { auth0, url } = stack
  const { status, body } = await ask(`${url}/api/catalog`, machineToken(auth0))
  t.equal(status, 200)
  const headers = body['headers'] as Record<string, string>
  t.equal(headers['x-stagedoor-assertion'], undefined, 'no statement about a person')
  const jwks = createRemoteJWKSet(new URL(`${url}/.stagedoor/machines/jwks.json`))
  const { payload } = await jwtVerify((headers['authorization'] ?? '').replace(/^Bearer /, ''), jwks, {
    issuer: url,
    audience: 'urn:stagedoor:backstage-machine',
    typ: 'stagedoor-machine+jwt',
    algorithms: ['ES256'],
  })
  t.match(payload, {
    sub: auth0.machine.clientId,
    kind: 'machine',
    client_iss: auth0.issuer,
    scope: 'read:catalog',
    permissions: ['read:catalog'],
    jti: String,
  })
  t.ok((payload.exp ?? 0) - (payload.iat ?? 0) <= 300)
  t.match(stack.records().at(-1), { principal: { kind: 'machine', subject: `${auth0.machine.clientId}@clients` } })
})

t.test('a token that Auth0 issued, in either profile, is accepted', async (t) => {
  const audiences = ['https://backstage.example.com/api', 'https://rfc9068.example.com/api']
  const { auth0, url } = await startStack(t, { config: { machines: { audiences } } })
  for (const audience of audiences) {
    const token = await grantedToken(auth0, audience)
    t.equal((await ask(`${url}/`, token)).status, 200, audience)
  }
})

t.test('assertions and machine tokens are signed by different keys', async (t) => {
  const { url } = await startStack(t, { config: { machines: machinesIn } })
  const kids = async (path: string) => {
    const { body } = await ask(`${url}/.stagedoor/${path}`)
    return (body['keys'] as { kid: string }[]).map(({ kid }) => kid)
  }
  const people = await kids('jwks.json')
  t.same(
    (await kids('machines/jwks.json')).filter((kid) => people.includes(kid)),
    [],
  )
})

t.test('scopes and permissions select the first matching class, which determines the audience', async (t) => {
  const classes = [
    { audience: 'urn:writers', scopes: ['write:catalog'] },
    { audience: 'urn:readers', permissions: ['read:catalog'] },
  ]
  const { auth0, url } = await startStack(t, { config: { machines: { ...machinesIn, classes } } })
  const audienceOf = async (claims: object) => {
    const { body } = await ask(`${url}/`, machineToken(auth0, { ...claims }))
    const token = (body['headers'] as Record<string, string>)['authorization'] ?? ''
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).aud
  }
  t.equal(await audienceOf({ scope: 'read:catalog write:catalog' }), 'urn:writers')
  t.equal(await audienceOf({ scope: 'other' }), 'urn:readers')
  t.equal(await audienceOf({ scope: 'other', permissions: [] }), 'urn:stagedoor:backstage-machine')
})

t.test('our token never outlives the access token behind it', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn } })
  const exp = Math.floor(Date.now() / 1000) + 100
  const { body } = await ask(`${url}/`, machineToken(auth0, { exp }))
  const token = (body['headers'] as Record<string, string>)['authorization'] ?? ''
  t.equal(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).exp, exp)
})

t.test('rules decide about machines by scope, permission and kind', async (t) => {
  const routes = [
    { name: 'read', path: '/read', allow: { scopes: ['read:catalog'] } },
    { name: 'write', path: '/write', allow: { permissions: ['write:catalog'] } },
    { name: 'people', path: '/people', allow: { kind: 'user' } },
  ]
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn, routes } })
  const token = machineToken(auth0)
  t.equal((await ask(`${url}/read`, token)).status, 200)
  t.match(await ask(`${url}/write`, token), { status: 403, body: { reason: 'permission-missing' } })
  t.match(await ask(`${url}/people`, token), { status: 403, body: { reason: 'kind-mismatch' } })
})

t.test('a session and a machine’s token in one request are refused', async (t) => {
  const stack = await startStack(t, { config: { machines: machinesIn } })
  const { browser } = await stack.signIn()
  const authorization = `Bearer ${machineToken(stack.auth0)}`
  for (const _ of ['verified', 'remembered']) {
    const page = await browser.fetch(`${stack.url}/`, { headers: { authorization } })
    t.match(JSON.parse(page.text), { status: 400, code: 'STAGEDOOR_IDENTITY_TWO_CREDENTIALS' })
  }
  const expired = `Bearer ${machineToken(stack.auth0, { exp: 1 })}`
  t.equal((await browser.fetch(`${stack.url}/`, { headers: { authorization: expired } })).status, 401)
})

t.test('with a session, tokens that are not for us are forwarded unchanged', async (t) => {
  const stack = await startStack(t, { config: { machines: machinesIn } })
  const { browser } = await stack.signIn()
  const { header, claims } = goodToken(stack.auth0)
  const backstages = forge(stack.auth0.signingKey(), { ...header, typ: 'vnd.backstage.user' }, { aud: 'backstage' })
  const elsewhere = forge(stack.auth0.signingKey(), header, { ...claims, iss: 'https://elsewhere.example/' })
  for (const token of [backstages, elsewhere, 'opaque', 'a.b.c', backstages]) {
    const authorization = `Bearer ${token}`
    const page = await browser.fetch(`${stack.url}/`, { headers: { authorization } })
    t.equal(JSON.parse(page.text).headers.authorization, authorization)
  }
})

t.test('on a public rule, foreign tokens are forwarded, and invalid ones addressed to us are refused', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn } })
  const foreign = machineToken(auth0, { iss: 'https://elsewhere.example/' })
  for (const token of [foreign, 'opaque', machineToken(auth0, { aud: 'urn:other' })]) {
    const { status, body } = await ask(`${url}/public/hook`, token)
    t.equal(status, 200)
    t.equal((body['headers'] as Record<string, string>)['authorization'], `Bearer ${token}`)
  }
  t.equal((await ask(`${url}/public/hook`, machineToken(auth0, { exp: 1 }))).status, 401)
  const basic = await ask(`${url}/public/hook`, undefined, { authorization: 'Basic YTpi' })
  t.match(basic, { status: 200, body: { headers: { authorization: 'Basic YTpi' } } })
  const bare = await ask(`${url}/public/hook`, undefined, { authorization: 'Bearerish x' })
  t.equal(bare.status, 200)
})

t.test('without machines in the configuration every token is forwarded unchanged', async (t) => {
  const { auth0, url } = await startStack(t)
  t.match(await ask(`${url}/`, machineToken(auth0)), {
    status: 401,
    body: { code: 'STAGEDOOR_POLICY_UNAUTHENTICATED', reason: 'unauthenticated' },
    headers: { 'www-authenticate': undefined },
  })
  t.equal((await ask(`${url}/public/x`, 'a.b.c')).status, 200)
})

t.test('the deny list works by client, by subject and by time of issue', async (t) => {
  const now = Math.floor(Date.now() / 1000)
  const issuedBefore = new Date((now - 100) * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
  const deny = [{ client: 'leaked', issuedBefore }, { client: 'banned' }, { subject: 'agent-7' }]
  const { auth0, url } = await startStack(t, { config: { machines: { ...machinesIn, deny } } })
  const answer = async (claims: object) => {
    const { status, body } = await ask(`${url}/`, machineToken(auth0, { ...claims }))
    return status === 401 ? body['reason'] : status
  }
  t.equal(await answer({ azp: 'leaked', iat: now - 200 }), 'denied')
  t.equal(await answer({ azp: 'leaked', iat: now - 50 }), 200)
  t.equal(await answer({ azp: 'banned' }), 'denied')
  t.equal(await answer({ azp: 'other', client_id: 'banned' }), 'denied')
  t.equal(await answer({ azp: 'other', sub: 'agent-7' }), 'denied')
  t.equal(await answer({ azp: 'other' }), 200)
})

t.test('a verified token is accepted until it expires, with no more than the tolerance', async (t) => {
  let now = Date.now()
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn }, now: () => now })
  const exp = Math.floor(now / 1000) + 120
  const token = machineToken(auth0, { exp }, {}, now)
  t.equal((await ask(`${url}/`, token)).status, 200)
  now = exp * 1000 + 9_999
  t.equal((await ask(`${url}/`, token)).status, 200, 'within the tolerance of ten seconds')
  now = exp * 1000 + 10_000
  t.match(await ask(`${url}/`, token), { status: 401, body: { reason: 'expired' } })
})

t.test('while no keys are available the answer is 503, so that clients keep a valid token', async (t) => {
  const { auth0, url } = await startStack(t, {
    config: { machines: machinesIn },
    fetch: () => Promise.reject(new Error()),
  })
  t.match(await ask(`${url}/`, machineToken(auth0)), {
    status: 503,
    headers: { 'retry-after': '10' },
    body: { code: 'STAGEDOOR_BEARER_KEYS_UNAVAILABLE' },
  })
  const ready = await ask(`${url}/.stagedoor/health/ready`)
  t.match(ready, { status: 200, body: { status: 'degraded' } })
})

t.test('a 401 links to the metadata, which names the issuer of tokens', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn } })
  const metadata = `${url}/.well-known/oauth-protected-resource`
  const none = await ask(`${url}/`)
  t.equal(none.headers['www-authenticate'], `Bearer resource_metadata="${metadata}"`)
  const expired = await ask(`${url}/`, machineToken(auth0, { exp: 1 }))
  t.equal(
    expired.headers['www-authenticate'],
    `Bearer error="invalid_token", error_description="expired", resource_metadata="${metadata}"`,
  )
  t.same((await ask(metadata)).body, {
    resource: url,
    authorization_servers: [auth0.issuer],
    bearer_methods_supported: ['header'],
  })
  t.match((await ask(`${metadata}/api/catalog`)).body, { resource: `${url}/api/catalog` })
  const page = await createBrowser().step(`${url}/`)
  t.match(page, { status: 302 })
  t.equal(page.headers.get('www-authenticate'), null, 'people are sent to login')
})

t.test('a refused token with text/html in Accept gets an answer, not a login page', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn } })
  t.equal((await ask(`${url}/`, machineToken(auth0, { exp: 1 }), { accept: 'text/html' })).status, 401)
})

t.test('further issuers have their own keys and audiences', async (t) => {
  const second = await startStack(t)
  const issuers = [{ issuer: second.auth0.issuer, audiences: ['urn:second'] }]
  const { auth0, url } = await startStack(t, { config: { machines: { ...machinesIn, issuers } } })
  t.equal((await ask(`${url}/`, machineToken(auth0))).status, 200)
  t.equal((await ask(`${url}/`, machineToken(second.auth0, { aud: 'urn:second' }))).status, 200)
  t.match(await ask(`${url}/`, machineToken(second.auth0)), { status: 401, body: { reason: 'audience-mismatch' } })
  const mixed = machineToken(second.auth0, { iss: auth0.issuer }, { kid: second.auth0.signingKey().kid })
  t.match(await ask(`${url}/`, mixed), { status: 401, body: { reason: 'key-unknown' } })
})

t.test('an unsigned copy of a token that was verified before is refused', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn } })
  const token = machineToken(auth0)
  await ask(`${url}/`, token)
  const [header, claims] = token.split('.')
  t.equal((await ask(`${url}/`, `${header}.${claims}.${encode('x')}`)).status, 401)
})
