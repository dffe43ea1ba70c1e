import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import t from 'tap'

import { demoClients } from '../../../auth0/local/seed.ts'
import { projectEnvironment, repositoryRoot } from '../../../scripts/testing/command.ts'
import { wantedTypes } from '../../../src/auth0-events/event.ts'
import { startTlsAuth0, type TlsAuth0 } from '../../support/tls-front.ts'

const run = promisify(execFile)
/** Applications of a tenant that has no Stagedoor yet. */
const others = demoClients().map((client) => ({ ...client, name: `Other ${client.name}` }))
const callback = 'https://portal.example.com/.stagedoor/callback'

/** Runs `a0deploy import` with a file of auth0/tenant, its config.json and the mappings of this tenant. */
async function deploy(auth0: TlsAuth0, file: string, mappings: Record<string, unknown> = {}): Promise<string> {
  const tenant = join(repositoryRoot, 'auth0/tenant')
  const config = JSON.parse(await readFile(join(tenant, 'config.json'), 'utf8'))
  const all = { ...config.AUTH0_KEYWORD_REPLACE_MAPPINGS, MANAGEMENT_AUDIENCE: `${auth0.issuer}api/v2/`, ...mappings }
  const { stdout } = await run('a0deploy', ['import', '--config_file', 'config.json', '--input_file', file], {
    cwd: tenant,
    env: {
      ...projectEnvironment(),
      NODE_EXTRA_CA_CERTS: auth0.certificate,
      AUTH0_DOMAIN: auth0.domain,
      AUTH0_ACCESS_TOKEN: await auth0.managementToken(),
      AUTH0_KEYWORD_REPLACE_MAPPINGS: JSON.stringify(all),
    },
  })
  return stdout
}

t.test('auth0-deploy-cli creates the tenant of auth0/tenant, and the event stream if wanted', async (t) => {
  const auth0 = await startTlsAuth0(t, { users: [], clients: others })
  const output = await deploy(auth0, 'tenant.yaml')
  t.match(output, 'Import Successful')

  const { clients, apis, configuration } = auth0.tenant
  const web = clients.filter(({ name, callbacks }) => name === 'Stagedoor' && callbacks.includes(callback))
  t.match(web, [{ grantTypes: ['authorization_code', 'refresh_token'], settings: { refresh_token: { leeway: 60 } } }])
  const events = clients.filter(({ name }) => name === 'Stagedoor events')
  t.match(events, [{ apiScopes: { [`${auth0.issuer}api/v2/`]: ['read:events'] } }])
  t.match(
    apis.filter(({ name }) => name === 'Stagedoor'),
    [
      {
        identifier: 'https://portal.example.com/api',
        settings: { allow_offline_access: true, enforce_policies: true },
      },
    ],
  )
  t.same(
    configuration.roles.map(({ name }) => name),
    ['stagedoor-admin'],
  )
  const code = await readFile(join(repositoryRoot, 'auth0/tenant/actions/post-login.js'), 'utf8')
  t.match(configuration.actions, [{ name: 'Stagedoor claims', deployedCode: code }])
  t.match(configuration.bindings.get('post-login'), [{ displayName: 'Stagedoor claims' }])

  t.match(await deploy(auth0, 'event-stream.yaml', { EVENTS_TOKEN: 'a token for tests' }), 'Import Successful')
  const endpoint = 'https://portal.example.com/.stagedoor/events'
  t.match(configuration.eventStreams, [
    {
      subscriptions: wantedTypes.map((event_type) => ({ event_type })),
      destination: {
        configuration: { webhook_endpoint: endpoint, webhook_authorization: { token: 'a token for tests' } },
      },
    },
  ])
})
