import { waysToReach } from '../why-no-answer.ts'
import { type Check, discoveryUrlOf, jsonIn, type Outcome, type Scene, withoutDiscovery } from './finding.ts'

/** Where the application is set up. */
export const application = 'Auth0 → Applications → <app> → Settings'

/** Asked of Auth0 from outside: no person and no token are needed. */
export const auth0Checks: readonly Check[] = [
  { id: 'auth0-discovery', title: 'Auth0 can be discovered', run: checkDiscovery },
  { id: 'auth0-issuer', title: 'the issuer is spelled as Auth0 spells it', run: checkIssuer },
  { id: 'auth0-keys', title: 'Auth0’s keys can be read', run: checkKeys },
  { id: 'auth0-clock', title: 'this machine’s clock agrees with Auth0’s', run: checkClock },
  { id: 'auth0-logout-endpoint', title: 'Auth0 offers the standard logout', run: checkLogoutEndpoint },
  { id: 'auth0-logout-notice', title: 'the end of a session at Auth0 is noticed', run: checkLogoutNotice },
  {
    id: 'auth0-offline-access',
    title: 'refresh tokens are asked for, which keep roles fresh',
    run: checkOfflineAccess,
  },
  { id: 'auth0-loopback', title: 'server.baseUrl is not on localhost', run: checkLoopback },
]

async function checkDiscovery(scene: Scene): Promise<Outcome> {
  if ((await scene.discovery()) !== undefined) return []
  const url = discoveryUrlOf(scene.config.auth0.issuer)
  const answer = await scene.get(url)
  const meaning = 'New logins fail while Auth0 cannot be discovered. Existing sessions work.'
  if (answer === undefined) {
    const reason = scene.whySilent(url)
    const found = `${url} does not answer: ${reason}`
    return [{ severity: 'error', found, meaning, fix: waysToReach(reason, new URL(url).host) }]
  }
  const found = `${url} answers ${answer.status} without a discovery document`
  const fix = `Compare auth0.issuer with ${application} → Basic Information → Domain.`
  return [{ severity: 'error', found, meaning, fix }]
}

async function checkIssuer(scene: Scene): Promise<Outcome> {
  const { issuer: configured } = scene.config.auth0
  const issuer = (await scene.discovery())?.['issuer']
  if (typeof issuer !== 'string') return withoutDiscovery
  if (issuer === configured) return []
  const isSlash = issuer === `${configured}/`
  return [
    {
      severity: 'error',
      found: `auth0.issuer is ${configured}, and Auth0 says ${issuer}`,
      meaning: isSlash
        ? 'Issuers are compared as text, the last slash included: every token would be refused.'
        : 'Tokens name the domain that they were asked from; with a custom domain that is the custom one.',
      fix: `Write auth0.issuer: ${issuer}`,
    },
  ]
}

async function checkKeys(scene: Scene): Promise<Outcome> {
  const url = (await scene.discovery())?.['jwks_uri']
  if (typeof url !== 'string') return withoutDiscovery
  const answer = await scene.get(url)
  const keys = answer?.status === 200 ? jsonIn(answer)?.['keys'] : undefined
  if (Array.isArray(keys) && keys.length > 0) return []
  return [
    {
      severity: 'error',
      found: `${url} ${answer === undefined ? `does not answer: ${scene.whySilent(url)}` : `answers ${answer.status} without keys`}`,
      meaning:
        'No signature of Auth0 can be verified: logins fail, and so do access tokens once kept keys are too old.',
      fix: 'Let the gateway reach this URL. If Auth0 itself is down, wait: status.auth0.com.',
    },
  ]
}

/** Auth0 tolerates 10 s in our signatures; tokens of Auth0 must not lie in our future. */
async function checkClock(scene: Scene): Promise<Outcome> {
  if ((await scene.discovery()) === undefined) return withoutDiscovery
  const date = (await scene.get(discoveryUrlOf(scene.config.auth0.issuer)))?.headers.get('date')
  if (date === null || date === undefined) return { because: 'Auth0 sent no Date' }
  const offSeconds = Math.round((scene.now() - Date.parse(date)) / 1000)
  const isOff = Math.abs(offSeconds) > 5
  if (!isOff) return []
  return [
    {
      severity: Math.abs(offSeconds) > 30 ? 'error' : 'warning',
      found: `this machine’s clock is ${Math.abs(offSeconds)} s ${offSeconds > 0 ? 'ahead of' : 'behind'} Auth0’s`,
      meaning: 'Tokens look as if they were issued in the future, or expire too early.',
      fix: 'Have the clock set by NTP (chrony, systemd-timesyncd) on every machine.',
    },
  ]
}

async function checkLogoutEndpoint(scene: Scene): Promise<Outcome> {
  const document = await scene.discovery()
  if (document === undefined) return withoutDiscovery
  if (document['end_session_endpoint'] !== undefined) return []
  return [
    {
      severity: 'warning',
      found: 'the discovery document has no end_session_endpoint',
      meaning: 'The tenant is older than November 2023. Stagedoor uses /v2/logout, which works, too.',
      fix: 'Auth0 → Settings → Advanced → RP-Initiated Logout End Session Endpoint Discovery: switch it on.',
    },
  ]
}

async function checkLogoutNotice(scene: Scene): Promise<Outcome> {
  const document = await scene.discovery()
  if (document === undefined) return withoutDiscovery
  if (document['backchannel_logout_supported'] === true) return []
  if (scene.config.auth0.events !== undefined) return []
  return [
    {
      severity: 'info',
      found: 'Auth0 sends no logout tokens (an Enterprise feature), and auth0.events is not configured',
      meaning: 'Blocked users and lost roles count from the next refresh (session.refreshEvery), not within a second.',
      fix: 'Configure auth0.events.pull: it needs no public address and works on every plan.',
    },
  ]
}

async function checkOfflineAccess({ config }: Scene): Promise<Outcome> {
  if (config.auth0.scopes.includes('offline_access')) return []
  return [
    {
      severity: 'warning',
      found: 'auth0.scopes lacks offline_access',
      meaning: 'There is no refresh token: roles stay as they were at login, and blocked users stay signed in.',
      fix: 'Add offline_access to auth0.scopes, and allow it: Auth0 → Applications → APIs → <API> → Allow Offline Access.',
    },
  ]
}

async function checkLoopback({ config }: Scene): Promise<Outcome> {
  const { hostname } = new URL(config.server.baseUrl)
  if (hostname !== 'localhost' && !hostname.startsWith('127.') && hostname !== '[::1]') return []
  return [
    {
      severity: 'info',
      found: `server.baseUrl is on ${hostname}`,
      meaning: 'On localhost Auth0 always asks for consent, and newer tenants ask to confirm every login.',
      fix:
        'Nothing to mend for development. The confirmation can be left out by the application’s setting ' +
        'skip_non_verifiable_callback_uri_confirmation_prompt (Management API).',
    },
  ]
}
