import t from 'tap'

import { createBackstageIssuer } from '../support/backstage-issuer.ts'
import { ask, machinesIn, machineToken } from '../support/machine.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const routes = [
  { name: 'public', path: '/public/**', allow: 'public' },
  { name: 'mcp', path: '/api/mcp-actions/**', allow: 'authenticated' },
  { name: 'admin', path: '/api/admin/**', allow: { roles: ['platform-admin'] } },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]
const machines = {
  backstageTokens: { rules: ['mcp', 'admin'] },
  deny: [{ subject: 'user:default/blocked' }],
}

t.test('a user token of Backstage passes, unchanged, only rules that accept it', async (t) => {
  const backstage = createBackstageIssuer()
  const stack = await startStack(t, { config: { routes, machines }, upstream: backstage.answer })
  const { url } = stack
  const token = backstage.token(url)
  for (const _ of ['verified', 'remembered']) {
    const { status, body } = await ask(`${url}/api/mcp-actions/v1`, token)
    t.equal(status, 200)
    const headers = body['headers'] as Record<string, string>
    t.equal(headers['authorization'], `Bearer ${token}`)
    t.equal(headers['x-stagedoor-assertion'], undefined)
  }
  t.match(await ask(`${url}/api/admin/x`, token), { status: 403, body: { reason: 'kind-mismatch' } })
  t.match(await ask(`${url}/api/catalog`, token), { status: 401, body: { reason: 'backstage-token' } })
  t.equal((await ask(`${url}/public/x`, token)).status, 200)
  t.match(stack.records()[0], { principal: { kind: 'backstage', subject: 'user:default/jane' }, rule: 'mcp' })
})

t.test('the refusal of a Backstage token names its fault', async (t) => {
  const backstage = createBackstageIssuer()
  const { url, auth0 } = await startStack(t, { config: { routes, machines }, upstream: backstage.answer })
  const stranger = createBackstageIssuer()
  const rows: [what: string, token: string, reason: string][] = [
    ['another key', stranger.token(url), 'signature'],
    ['a key nobody has', backstage.token(url, {}, { kid: 'other' }), 'key-unknown'],
    ['no kid', backstage.token(url, {}, { kid: undefined }), 'key-id-missing'],
    ['HS256', backstage.token(url, {}, { alg: 'HS256' }), 'algorithm-symmetric'],
    ['jku', backstage.token(url, {}, { jku: 'http://127.0.0.1:9/' }), 'header-key-reference'],
    ['another Backstage', backstage.token('https://other.example'), 'issuer-unknown'],
    ['another audience', backstage.token(url, { aud: 'other' }), 'audience-mismatch'],
    ['expired', backstage.token(url, { exp: 1 }), 'expired'],
    ['no subject', backstage.token(url, { sub: undefined }), 'subject-missing'],
    ['empty subject', backstage.token(url, { sub: '' }), 'subject-missing'],
    ['denied', backstage.token(url, { sub: 'user:default/blocked' }), 'denied'],
    ['a plugin’s token', backstage.token(url, {}, { typ: 'vnd.backstage.plugin' }), 'backstage-token'],
    ['a machine’s, where no machine comes in', machineToken(auth0), 'issuer-unknown'],
  ]
  for (const [what, token, reason] of rows) {
    t.match(await ask(`${url}/api/mcp-actions/v1`, token), { status: 401, body: { reason } }, what)
  }
})

t.test('the metadata of a path that accepts Backstage’s tokens names Backstage', async (t) => {
  const backstage = createBackstageIssuer()
  const { url, auth0 } = await startStack(t, {
    config: { routes, machines: { ...machinesIn, ...machines } },
    upstream: backstage.answer,
  })
  const metadata = `${url}/.well-known/oauth-protected-resource`
  t.match((await ask(`${metadata}/api/mcp-actions/v1`)).body, {
    resource: `${url}/api/mcp-actions/v1`,
    authorization_servers: [`${url}/api/auth`],
  })
  t.match((await ask(`${metadata}/api/catalog`)).body, { authorization_servers: [auth0.issuer] })
  const refused = await ask(`${url}/api/mcp-actions/v1`)
  t.equal(refused.headers['www-authenticate'], `Bearer resource_metadata="${metadata}/api/mcp-actions/v1"`)
  const quoted = await exchange(url, 'GET /api/mcp-actions/a"b HTTP/1.1\r\nHost: localhost\r\n\r\n')
  t.match(quoted, `resource_metadata="${metadata}/api/mcp-actions/a%22b"`)
})

t.test('with a session, a Backstage token changes nothing: the session identifies the person', async (t) => {
  const backstage = createBackstageIssuer()
  const stack = await startStack(t, { config: { routes, machines }, upstream: backstage.answer })
  const { browser } = await stack.signIn()
  const authorization = `Bearer ${backstage.token(stack.url, { sub: 'user:default/max' })}`
  await browser.fetch(`${stack.url}/api/mcp-actions/v1`, { headers: { authorization } })
  t.match(stack.records().at(-1), { principal: { kind: 'user' } })
})

t.test('without Backstage’s keys the answer is 503', async (t) => {
  const backstage = createBackstageIssuer()
  const jwksUrl = 'http://127.0.0.1:1/jwks.json'
  const { url } = await startStack(t, {
    config: { routes, machines: { backstageTokens: { rules: ['mcp'], jwksUrl } } },
    upstream: backstage.answer,
  })
  t.equal((await ask(`${url}/api/mcp-actions/v1`, backstage.token(url))).status, 503)
})
