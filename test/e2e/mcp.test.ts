import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t from 'tap'

import { ask } from '../support/machine.ts'
import { createMcpLogin } from './mcp-login.ts'
import { startPortal } from './portal.ts'

const routes = [
  { name: 'oauth-metadata', path: '/.well-known/oauth-authorization-server/**', methods: ['GET'], allow: 'public' },
  { name: 'auth-metadata', path: '/api/auth/.well-known/**', methods: ['GET'], allow: 'public' },
  { name: 'auth-register', path: '/api/auth/v1/register', methods: ['POST'], allow: 'public' },
  { name: 'auth-token', path: '/api/auth/v1/token', methods: ['POST'], allow: 'public' },
  { name: 'mcp', path: '/api/mcp-actions/**', allow: 'authenticated' },
  { name: 'platform', path: '/api/platform/**', allow: { roles: ['platform-admin'] } },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]

t.test('an MCP client finds where to log in, logs in with Backstage, and calls its tools', async (t) => {
  const deny: object[] = []
  const portal = await startPortal(t, {
    config: { routes, machines: { backstageTokens: { rules: ['mcp', 'platform'] }, deny } },
    configFiles: ['app-config.mcp.yaml'],
  })
  const { url } = portal
  const server = new URL(`${url}/api/mcp-actions/v1`)
  const { browser } = await portal.signIn('jane@example.com', undefined, '/catalog')

  const anonymous = await ask(server.href)
  t.equal(anonymous.status, 401)
  const metadata = `${url}/.well-known/oauth-protected-resource/api/mcp-actions/v1`
  t.match(anonymous.headers['www-authenticate'], `resource_metadata="${metadata}"`)
  t.match((await ask(metadata)).body, { resource: server.href, authorization_servers: [`${url}/api/auth`] })

  const login = createMcpLogin(browser, url)
  const first = new StreamableHTTPClientTransport(server, { authProvider: login })
  await t.rejects(new Client({ name: 'test', version: '1' }).connect(first), { message: 'Unauthorized' })
  await first.finishAuth(login.code())

  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(server, { authProvider: login }))
  t.teardown(() => client.close())
  const { tools } = await client.listTools()
  const whoAmI = tools.find(({ name }) => /who-am-i/.test(name))
  t.ok(whoAmI, 'Backstage’s own actions are there')
  const result = await client.callTool({ name: whoAmI?.name ?? '', arguments: {} })
  t.match(JSON.stringify(result.content), /user:default\/jane/)

  const tokens = await login.tokens()
  const token = tokens?.access_token ?? ''
  t.match(await ask(`${url}/api/catalog/entities`, token), { status: 401, body: { reason: 'backstage-token' } })
  t.match(await ask(`${url}/api/platform/x`, token), { status: 403, body: { reason: 'kind-mismatch' } })
  const [header, claims] = token.split('.')
  t.match(await ask(server.href, `${header}.${claims}.${'A'.repeat(86)}`), {
    status: 401,
    body: { reason: 'signature' },
  })
  t.match(
    portal.records().find(({ rule, outcome }) => rule === 'mcp' && outcome === 'allow'),
    {
      principal: { kind: 'backstage', subject: 'user:default/jane' },
    },
  )
})
