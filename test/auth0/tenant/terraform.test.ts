import { execFile, spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import t, { type Test } from 'tap'
import { parse } from 'yaml'

import { demoClients } from '../../../auth0/local/seed.ts'
import { repositoryRoot } from '../../../scripts/testing/command.ts'
import { startTlsAuth0 } from '../../support/tls-front.ts'

const run = promisify(execFile)
const tenant = join(repositoryRoot, 'auth0/tenant')
const withoutTerraform = spawnSync('terraform', ['version']).status === 0 ? false : 'no terraform on this machine'
const providerFolder = process.env['TERRAFORM_PROVIDER_AUTH0']
const withoutProvider =
  withoutTerraform ||
  (providerFolder ? false : 'TERRAFORM_PROVIDER_AUTH0 names no folder with a built terraform-provider-auth0')

t.test('the Terraform files are formatted', { skip: withoutTerraform }, async (t) => {
  t.equal(spawnSync('terraform', ['fmt', '-check', tenant]).status, 0)
})

t.test('the Terraform files describe the same tenant as tenant.yaml', async (t) => {
  const hcl = (await readFile(join(tenant, 'main.tf'), 'utf8')).replaceAll(/ +/g, ' ')
  const yaml = (await readFile(join(tenant, 'tenant.yaml'), 'utf8')).replaceAll(/##(\w+)##|@@\w+@@/g, '$1')
  const { actions, resourceServers, clients, clientGrants, roles } = parse(yaml)
  const wanted = {
    name: [...actions, ...resourceServers, ...clients, ...roles].map(({ name }) => name),
    description: roles.map(({ description }: { description: string }) => description),
    app_type: clients.map(({ app_type }: { app_type: string }) => app_type),
    grant_types: clients.map(({ grant_types }: { grant_types: string[] }) => grant_types),
    runtime: [actions[0].runtime],
    token_dialect: [resourceServers[0].token_dialect],
    scopes: clientGrants.map(({ scope }: { scope: string[] }) => scope),
    ...Object.fromEntries(Object.entries(clients[0].refresh_token).map(([name, value]) => [name, [value]])),
  }
  for (const [name, values] of Object.entries(wanted)) {
    for (const value of values) t.match(hcl, `${name} = ${JSON.stringify(value).replaceAll(',', ', ')}`)
  }
})

t.test('Terraform creates the tenant, and then finds nothing to change', { skip: withoutProvider }, async (t) => {
  const auth0 = await startTlsAuth0(t, {
    users: [],
    clients: demoClients().map((client) => ({ ...client, name: `Other ${client.name}` })),
  })
  const terraform = await startTerraform(t, {
    AUTH0_DOMAIN: auth0.domain,
    AUTH0_API_TOKEN: await auth0.managementToken(),
    SSL_CERT_FILE: auth0.certificate,
    TF_VAR_base_url: 'https://portal.example.com',
    TF_VAR_management_audience: `${auth0.issuer}api/v2/`,
    TF_VAR_backchannel_logout: 'true',
    TF_VAR_events_token: 'a token for tests',
  })
  await terraform('apply', '-auto-approve', '-input=false', '-no-color')

  const { clients, apis, configuration } = auth0.tenant
  t.match(
    clients.filter(({ name }) => name.startsWith('Stagedoor')).toSorted((a, b) => a.name.localeCompare(b.name)),
    [
      {
        callbacks: ['https://portal.example.com/.stagedoor/callback'],
        backchannelLogoutUrls: ['https://portal.example.com/.stagedoor/backchannel-logout'],
        backchannelLogoutInitiators: 'all',
      },
      { apiScopes: { [`${auth0.issuer}api/v2/`]: ['read:events'] } },
    ],
  )
  t.match(
    apis.filter(({ name }) => name === 'Stagedoor'),
    [{ identifier: 'https://portal.example.com/api', scopes: ['read:catalog'] }],
  )
  t.match(configuration.bindings.get('post-login'), [{ displayName: 'Stagedoor claims' }])
  t.match(configuration.eventStreams, [{ status: 'enabled' }])
  const { stdout } = await terraform('plan', '-input=false', '-no-color', '-detailed-exitcode')
  t.match(stdout, 'No changes.')
})

/** Prepares Terraform in a copy of auth0/tenant, with the locally installed provider. */
async function startTerraform(t: Test, env: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-terraform-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await cp(tenant, folder, { recursive: true })
  const settings = join(folder, 'terraformrc')
  await writeFile(
    settings,
    `provider_installation {\n  dev_overrides { "auth0/auth0" = ${JSON.stringify(providerFolder)} }\n  direct {}\n}\n`,
  )
  const all = { PATH: process.env['PATH'], HOME: folder, TF_CLI_CONFIG_FILE: settings, ...env }
  return (...args: string[]) => run('terraform', args, { cwd: folder, env: all })
}
