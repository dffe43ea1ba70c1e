import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'
import { parse } from 'yaml'

import { managementScopes } from '../../../auth0/local/management/scopes.ts'
import { demoClients } from '../../../auth0/local/seed.ts'
import { type LocalAuth0, startLocalAuth0 } from '../../../auth0/local/server.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { managementToken } from '../../auth0/support/management.ts'
import { createBrowser } from '../../support/browser.ts'
import { runCommand } from '../../support/command.ts'
import { startGateway } from '../../support/gateway.ts'
import { startOrigin } from '../../support/origin.ts'
import { freePort } from '../../support/ports.ts'
import { passLoginPage } from '../../support/stack.ts'

const baseUrl = 'https://portal.example.com'

/** A tenant with other applications, and `stagedoor setup auth0` for it. */
async function startTenant(t: Test, scope?: string) {
  const others = demoClients().map((client) => ({ ...client, name: `Other ${client.name}` }))
  const auth0 = await startLocalAuth0({ users: [], clients: others })
  t.teardown(() => auth0.close())
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-setup-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const env = { AUTH0_ISSUER: auth0.issuer, STAGEDOOR_MANAGEMENT_TOKEN: await managementToken(auth0, scope) }
  const setUp = (...more: string[]) => runCommand(['setup', 'auth0', '--base-url', baseUrl, ...more], { env })
  return { auth0, folder, setUp }
}

/** Everything that a setup may change. */
const stateOf = ({ tenant: { clients, apis, configuration } }: LocalAuth0) =>
  structuredClone({ clients, apis, configuration })

t.test('without --apply the changes are shown and not made', async (t) => {
  const { auth0, setUp } = await startTenant(t)
  const before = stateOf(auth0)
  const { out, err, exitCode } = await setUp()
  t.equal(exitCode, 0)
  t.equal(out, '')
  for (const line of [
    'create the application “Stagedoor”',
    'callbacks: add https://portal.example.com/.stagedoor/callback',
    'create the API “Stagedoor”',
    'create the role “stagedoor-admin”',
    'create the Action “Stagedoor claims”',
    'put the Action “Stagedoor claims” into the post-login flow',
    'allow “Stagedoor events” to ask',
    'Nothing was changed.',
  ]) {
    t.match(err, line)
  }
  t.same(stateOf(auth0), before)
})

t.test('--apply creates the missing parts, prints a valid configuration and shows no secret', async (t) => {
  const { auth0, folder, setUp } = await startTenant(t)
  const secrets = join(folder, 'secrets')
  const { out, err, exitCode } = await setUp('--apply', '--secrets', secrets)
  t.equal(exitCode, 0, err)
  const { clients, configuration, apis } = auth0.tenant
  const web = clients.find(({ name }) => name === 'Stagedoor')
  t.match(web, { callbacks: [`${baseUrl}/.stagedoor/callback`], backchannelLogoutUrls: { length: 0 } })
  t.match(
    apis.find(({ identifier }) => identifier === `${baseUrl}/api`),
    { settings: { allow_offline_access: true } },
  )
  const code = await readFile(new URL('../../../auth0/tenant/actions/post-login.js', import.meta.url), 'utf8')
  t.match(configuration.actions, [{ deployedCode: code }])
  t.match(configuration.bindings.get('post-login'), [{ displayName: 'Stagedoor claims' }])

  for (const { clientSecret } of clients) t.notMatch(out + err, clientSecret)
  t.equal(await readFile(join(secrets, 'client-secret'), 'utf8'), web?.clientSecret)
  for (const file of ['client-secret', 'events-secret', 'session-secret']) {
    t.equal((await stat(join(secrets, file))).mode & 0o777, 0o600, file)
  }
  const file = join(folder, 'stagedoor.yaml')
  await writeFile(file, out)
  const { config } = await loadConfig({ files: [file], env: {} })
  t.match(config.auth0, { clientId: web?.clientId, audience: `${baseUrl}/api` })
  t.equal(config.auth0.clientSecrets[0]?.reveal(), web?.clientSecret)
})

t.test('people sign in with the result of the setup', async (t) => {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  const port = await freePort()
  const url = `http://localhost:${port}`
  const env = { AUTH0_ISSUER: auth0.issuer, STAGEDOOR_MANAGEMENT_TOKEN: await managementToken(auth0) }
  const made = await runCommand(['setup', 'auth0', '--base-url', url, '--apply', '--client-id', auth0.clientId], {
    env,
  })
  t.equal(made.exitCode, 0, made.err)
  const { auth0: printed } = parse(made.out)
  t.equal(printed.clientId, auth0.clientId)
  const origin = await startOrigin(t)
  const { audience } = printed
  await startGateway(t, { auth0, upstream: origin.url, port, config: { auth0: { audience } } })
  const browser = createBrowser()
  const page = await passLoginPage(await browser.open(`${url}/`), browser, 'jane@example.com')
  t.match(page, { status: 200, url: `${url}/` })
  t.match(JSON.parse((await browser.fetch(`${url}/.stagedoor/me`)).text).roles, ['platform-admin', 'stagedoor-admin'])
})

t.test('a second run changes nothing and keeps existing secrets', async (t) => {
  const { auth0, folder, setUp } = await startTenant(t)
  await setUp('--apply', '--secrets', folder)
  const before = stateOf(auth0)
  const sessionSecret = await readFile(join(folder, 'session-secret'), 'utf8')
  const { out, err } = await setUp('--apply', '--secrets', folder)
  t.match(err, 'Auth0 has all that Stagedoor needs.')
  t.same(stateOf(auth0), before)
  t.match(out, `clientId: ${before.clients.find(({ name }) => name === 'Stagedoor')?.clientId}`)
  t.equal(await readFile(join(folder, 'session-secret'), 'utf8'), sessionSecret)
})

t.test('manual settings stay: other callbacks, edited code of the Action, other Actions in the flow', async (t) => {
  const { auth0, setUp } = await startTenant(t)
  await setUp('--apply')
  const { configuration, clients } = auth0.tenant
  const [ours] = configuration.actions
  const web = clients.find(({ name }) => name === 'Stagedoor')
  if (!ours || !web) throw new Error('the setup made nothing')
  web.callbacks = ['https://other.example.com/callback']
  ours['code'] = ours.deployedCode = 'exports.onExecutePostLogin = async () => {}'
  configuration.actions.push({ ...ours, id: 'other', name: 'Other' })
  configuration.bindings.set('post-login', [{ actionId: 'other', displayName: 'Other' }])

  const { err } = await setUp('--apply')
  t.match(err, 'has other code; it is not changed')
  t.same(web.callbacks, ['https://other.example.com/callback', `${baseUrl}/.stagedoor/callback`])
  t.equal(ours.deployedCode, 'exports.onExecutePostLogin = async () => {}')
  t.match(configuration.bindings.get('post-login'), [{ actionId: 'other' }, { actionId: ours.id }])
})

t.test('back-channel logout is set if the tenant offers it', async (t) => {
  const { auth0, setUp } = await startTenant(t)
  auth0.switches.setSettings({ advertiseBackchannelLogout: true })
  await setUp('--apply')
  t.match(
    auth0.tenant.clients.find(({ name }) => name === 'Stagedoor'),
    {
      backchannelLogoutUrls: [`${baseUrl}/.stagedoor/backchannel-logout`],
      backchannelLogoutInitiators: 'all',
    },
  )
})

t.test('an existing application is changed by its id, and an unknown id is refused', async (t) => {
  const { auth0, setUp } = await startTenant(t)
  await setUp('--apply', '--client-id', auth0.clientId)
  t.match(auth0.tenant.clients[0], { name: 'Other Stagedoor', callbacks: [`${baseUrl}/.stagedoor/callback`] })
  t.match(await setUp('--client-id', 'nothing'), { exitCode: 1, err: /has no application nothing/ })
})

t.test('an application that signs with a key keeps it, and what Auth0 refuses in a change is not sent', async (t) => {
  const { auth0, setUp } = await startTenant(t)
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' })
  const settings = { jwt_configuration: { alg: 'HS256', secret_encoded: false } }
  const credentials = [{ id: 'cred_1', name: 'theirs', pem }]
  auth0.switches.setClient(auth0.clientId, { credentials, activeCredentials: ['cred_1'], settings })
  const { err, exitCode } = await setUp('--apply', '--client-id', auth0.clientId)
  t.equal(exitCode, 0, err)
  t.match(err, 'write auth0.privateKeys in place of auth0.clientSecrets')
  t.match(auth0.tenant.clients[0], { activeCredentials: ['cred_1'], settings: { jwt_configuration: { alg: 'RS256' } } })
  t.match(await setUp('--client-id', auth0.clientId), { err: /Auth0 has all that Stagedoor needs/ })
})

t.test('refresh tokens of an application that is there get an end, which Auth0’s default does not have', async (t) => {
  const { auth0, setUp } = await startTenant(t)
  await setUp('--apply', '--client-id', auth0.clientId)
  t.match(auth0.tenant.clients[0]?.settings, {
    refresh_token: { infinite_token_lifetime: false, infinite_idle_token_lifetime: false, token_lifetime: 2_592_000 },
  })
})

t.test('a thousand applications that registered themselves do not hide ours', async (t) => {
  const { auth0, setUp } = await startTenant(t)
  const [other] = auth0.tenant.clients
  if (other === undefined) throw new Error('the tenant has no application')
  const registered = Array.from({ length: 1000 }, (_, number) => {
    return { ...other, clientId: `tpc_${number}`, name: `Agent ${number}`, settings: { is_first_party: false } }
  })
  auth0.tenant.clients = [...registered, ...auth0.tenant.clients]
  await setUp('--apply')
  t.match(await setUp('--apply'), { exitCode: 0, err: /Auth0 has all that Stagedoor needs/ })
  t.equal(auth0.tenant.clients.filter(({ name }) => name === 'Stagedoor').length, 1)
  t.match(await setUp('--client-id', 'tpc_999'), { exitCode: 0, err: /change the application “Agent 999”/ })
})

t.test('a token without the scopes is refused with Auth0’s words', async (t) => {
  const { setUp } = await startTenant(t, 'read:clients')
  t.match(await setUp(), { exitCode: 1, err: /refuses GET resource-servers.*: Insufficient scope/ })
})

t.test('--print shows the manual steps and makes no requests to Auth0', async (t) => {
  const env = { AUTH0_DOMAIN: 'tenant.eu.auth0.com' }
  const { out, exitCode } = await runCommand(['setup', 'auth0', '--print', '--base-url', `${baseUrl}/`], { env })
  t.equal(exitCode, 0)
  t.match(out, 'Allowed Callback URLs: https://portal.example.com/.stagedoor/callback')
  t.match(out, 'https://tenant.eu.auth0.com/api/v2/')
  t.match(out, /Set Idle Refresh Token Lifetime: 1296000 seconds, Set Maximum Refresh Token Lifetime: 2592000/)
  t.notMatch(out, 'Back-Channel')
  const forced = await runCommand(
    ['setup', 'auth0', '--print', '--backchannel-logout', '--no-events', '--base-url', baseUrl],
    { env },
  )
  t.match(forced.out, 'Back-Channel Logout (Enterprise): https://portal.example.com/.stagedoor/backchannel-logout')
  t.notMatch(forced.out, 'Machine to Machine')
})

t.test(
  'secrets that cannot be written are reported with the folder and the reason, and Auth0 stays unchanged',
  async (t) => {
    const { auth0, folder, setUp } = await startTenant(t)
    const before = stateOf(auth0)
    const file = join(folder, 'file')
    await writeFile(file, '')
    // Linux does not let any user, not even root, write there.
    const readOnly = '/proc/self'
    for (const [place, reason] of [
      ['/dev/null/secrets', /^ENOTDIR: not a directory, mkdir '\/dev\/null\/secrets'\.\n$/],
      [file, /^EEXIST: file already exists, mkdir '.*file'\.\n$/],
      [readOnly, /^E[A-Z]+: .*\/proc\/self/],
    ] as const) {
      t.match(await setUp('--apply', '--secrets', place), { exitCode: 1, err: reason }, place)
      t.same(stateOf(auth0), before, place)
    }
  },
)

t.test('the secret of a created application is kept if Auth0 refuses a later step', async (t) => {
  const mayDo = managementScopes.filter((scope) => !['create:roles', 'read:client_keys'].includes(scope))
  const { auth0, folder, setUp } = await startTenant(t, mayDo.join(' '))
  t.match(await setUp('--apply', '--secrets', folder), { exitCode: 1, out: '', err: /Secrets.*refuses POST roles/s })
  const made = auth0.tenant.clients.find(({ name }) => name === 'Stagedoor')
  t.equal(await readFile(join(folder, 'client-secret'), 'utf8'), made?.clientSecret)
})

t.test('a base URL that Stagedoor would refuse is refused', async (t) => {
  const env = { AUTH0_DOMAIN: 'tenant.eu.auth0.com' }
  for (const url of ['portal.example.com', 'https://portal.example.com/path', 'http://portal.example.com']) {
    t.match(
      await runCommand(['setup', 'auth0', '--print', '--base-url', url], { env }),
      { exitCode: 1, err: /write/ },
      url,
    )
  }
})
