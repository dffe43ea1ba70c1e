import { decodeJwt, decodeProtectedHeader } from 'jose'
import { fetchUserInfo } from 'openid-client'
import t from 'tap'

import { clientFields, createApplication, postToken, refusalOf, startAuth0 } from './support/start.ts'

const jane = 'auth0|64f1c0ffee0000000000a001'

t.test('a request without an audience gets an opaque access token that /userinfo accepts', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const tokens = await login()
  t.notMatch(tokens.access_token, '.')
  const userinfo = await fetchUserInfo(config, tokens.access_token, jane)
  t.match(userinfo, { email: 'jane@example.com', 'https://stagedoor.example.com/groups': ['platform', 'everyone'] })
})

t.test("a request with an audience gets a JWT in Auth0's profile, which /userinfo accepts as well", async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const scope = 'openid profile email read:catalog write:catalog delete:everything'
  const tokens = await login({ audience: auth0.audience, scope }, 'max@example.com')
  const claims = decodeJwt(tokens.access_token)
  t.equal(decodeProtectedHeader(tokens.access_token).typ, 'JWT')
  t.match(claims, {
    iss: auth0.issuer,
    aud: [auth0.audience, `${auth0.issuer}userinfo`],
    azp: auth0.clientId,
    permissions: ['read:catalog'],
    'https://stagedoor.example.com/roles': ['developer'],
  })
  t.equal(claims.scope, 'openid profile email read:catalog', 'only what the API has and the user may')
  t.notOk('jti' in claims || 'client_id' in claims || 'gty' in claims)
  t.match(await fetchUserInfo(config, tokens.access_token, claims.sub ?? ''), { name: 'Max Muster' })
})

t.test('/userinfo answers 429 to more than ten calls a minute of one user', async (t) => {
  const auth0 = await startAuth0(t)
  const { access_token } = await (await createApplication(auth0)).login()
  const call = () => fetch(`${auth0.issuer}userinfo`, { headers: { authorization: `Bearer ${access_token}` } })
  const statuses = []
  for (let index = 0; index < 11; index += 1) statuses.push((await call()).status)
  t.same(statuses, [...Array(10).fill(200), 429])
})

t.test('an unknown token at /userinfo gets a 401', async (t) => {
  const auth0 = await startAuth0(t)
  for (const token of ['opaque', 'a.b.c']) {
    const response = await fetch(`${auth0.issuer}userinfo`, { headers: { authorization: `Bearer ${token}` } })
    t.equal(response.status, 401)
  }
})

t.test('a machine gets a token named after it, with its permissions', async (t) => {
  const auth0 = await startAuth0(t)
  const { clientId, clientSecret } = auth0.machine
  const { body } = await postToken(auth0, {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    audience: auth0.audience,
  })
  t.match(body, { token_type: 'Bearer', expires_in: 86_400, scope: 'read:catalog' })
  const claims = decodeJwt(String(body.access_token))
  t.match(claims, {
    sub: `${clientId}@clients`,
    azp: clientId,
    aud: auth0.audience,
    gty: 'client-credentials',
    scope: 'read:catalog',
    permissions: ['read:catalog'],
  })
  t.notOk('jti' in claims)
})

t.test('an API with the RFC 9068 profile gives at+jwt with client_id and jti', async (t) => {
  const auth0 = await startAuth0(t)
  const { body } = await postToken(auth0, {
    grant_type: 'client_credentials',
    client_id: auth0.machine.clientId,
    client_secret: auth0.machine.clientSecret,
    audience: 'https://rfc9068.example.com/api',
  })
  const token = String(body.access_token)
  t.equal(decodeProtectedHeader(token).typ, 'at+jwt')
  t.match(decodeJwt(token), { client_id: auth0.machine.clientId, jti: String })
  t.notOk('azp' in decodeJwt(token))
})

t.test('refusals at the token endpoint have the texts and statuses of Auth0', async (t) => {
  const auth0 = await startAuth0(t)
  const web = clientFields(auth0)
  const machine = { client_id: auth0.machine.clientId, client_secret: auth0.machine.clientSecret }
  const code = { grant_type: 'authorization_code', redirect_uri: 'http://app.test/callback', code: 'junk' }
  const credentials = { grant_type: 'client_credentials' }
  const table: [name: string, fields: Record<string, string>, status: number, error: string, text: RegExp][] = [
    ['junk code', { ...web, ...code }, 403, 'invalid_grant', /^Invalid authorization code$/],
    ['wrong secret', { ...web, ...code, client_secret: 'wrong' }, 401, 'access_denied', /^Unauthorized$/],
    ['unknown client', { ...web, ...code, client_id: 'nobody' }, 401, 'access_denied', /^Unauthorized$/],
    [
      'junk refresh token',
      { ...web, grant_type: 'refresh_token', refresh_token: 'x' },
      403,
      'invalid_grant',
      /refresh/,
    ],
    ['grant type', { ...web, ...credentials, audience: auth0.audience }, 403, 'unauthorized_client', /not allowed/],
    ['no API', { ...machine, ...credentials, audience: 'https://x.test/' }, 403, 'access_denied', /Service not found/],
    ['no audience', { ...machine, ...credentials }, 403, 'access_denied', /No audience/],
  ]
  for (const [name, fields, status, error, text] of table) {
    const answer = await postToken(auth0, fields)
    t.match({ status: answer.status, ...answer.body }, { status, error, error_description: text }, name)
  }
})

t.test('a machine without a client grant gets that reason', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.setClient(auth0.machine.clientId, { apiScopes: {} })
  const answer = await postToken(auth0, {
    grant_type: 'client_credentials',
    client_id: auth0.machine.clientId,
    client_secret: auth0.machine.clientSecret,
    audience: auth0.audience,
  })
  t.match(answer, { status: 403, body: { error_description: /^Client is not authorized to access/ } })
})

t.test('client_secret_basic works as client_secret_post does, and fails without a challenge', async (t) => {
  const auth0 = await startAuth0(t)
  const ask = (secret: string) =>
    fetch(`${auth0.issuer}oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${auth0.machine.clientId}:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', audience: auth0.audience }),
    })
  t.equal((await ask(auth0.machine.clientSecret)).status, 200)
  const refused = await ask('wrong')
  t.equal(refused.status, 401)
  t.equal(refused.headers.get('www-authenticate'), null)
})

t.test('a code works once', async (t) => {
  const auth0 = await startAuth0(t)
  const { visit, redeem } = await createApplication(auth0)
  const page = await visit()
  await redeem(page)
  t.match(await refusalOf(redeem(page)), { error: 'invalid_grant', status: 403 })
})

t.test('a changed client secret takes effect at once; during an overlap either one may work', async (t) => {
  let number = 0.9
  const auth0 = await startAuth0(t, { random: () => number })
  const status = async (secret: string) =>
    (
      await postToken(auth0, {
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: auth0.clientId,
        client_secret: secret,
      })
    ).status
  auth0.switches.setClientSecret(auth0.clientId, 'new-secret-that-is-long-enough')
  t.same([await status(auth0.clientSecret), await status('new-secret-that-is-long-enough')], [401, 403])
  auth0.switches.setClientSecret(auth0.clientId, 'newer-secret-that-is-long-enough', { overlapSeconds: 30 })
  t.same([await status('new-secret-that-is-long-enough'), await status('newer-secret-that-is-long-enough')], [401, 403])
  number = 0.1
  t.same([await status('new-secret-that-is-long-enough'), await status('newer-secret-that-is-long-enough')], [403, 401])
})
