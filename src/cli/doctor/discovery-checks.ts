import { isLoopback } from '../../config/values/addresses.ts'
import { waysToReach } from '../why-no-answer.ts'
import { discoveryUrlOf, jsonIn } from './check-context.ts'
import { type Check, withDiscovery } from './check.ts'

/** The place of the application's settings in Auth0's dashboard. */
export const application = 'Auth0 → Applications → <app> → Settings'

/** Auth0 tolerates a clock difference of 10 s in tokens that we sign. Half of it allows for the error of the measurement. */
const tolerableSeconds = 5
/** Neither side tolerates more than this, so logins fail. */
const harmfulSeconds = 30

/** Checks of Auth0's discovery document and clock, and of settings that depend on them. They need no user and no token. */
export const discoveryChecks: readonly Check[] = [
  {
    id: 'auth0-discovery',
    title: 'Auth0 can be discovered',
    severity: 'error',
    meaning: 'New logins fail while Auth0 cannot be discovered. Existing sessions work.',
    fix: `Compare auth0.issuer with ${application} → Basic Information → Domain.`,
    async run({ config, discovery, get }) {
      if ((await discovery()) !== undefined) return undefined
      const url = discoveryUrlOf(config.auth0.issuer)
      const { status, text } = await get(url)
      if (status > 0) return `${url} answers ${status} without a discovery document`
      return { found: `${url} does not answer: ${text}`, fix: waysToReach(text, new URL(url).host) }
    },
  },
  {
    id: 'auth0-issuer',
    title: 'the issuer is spelled as Auth0 spells it',
    severity: 'error',
    meaning: 'Tokens name the domain that issued them. With a custom domain, that is the custom domain.',
    run: withDiscovery(async ({ config }, { issuer }) => {
      const { issuer: configured } = config.auth0
      if (issuer === configured) return undefined
      const bySlash = 'Issuers are compared as text, including the last slash: every token would be refused.'
      return {
        found: `auth0.issuer is ${configured}, and Auth0 says ${String(issuer)}`,
        ...(issuer === `${configured}/` && { meaning: bySlash }),
        fix: `Write auth0.issuer: ${String(issuer)}`,
      }
    }),
  },
  {
    id: 'auth0-keys',
    title: 'Auth0’s keys can be read',
    severity: 'error',
    meaning:
      'Stagedoor cannot verify Auth0’s signatures: logins fail now, and access tokens fail once the cached keys are too old.',
    fix: 'Let the gateway reach this URL. If Auth0 itself is down, wait: status.auth0.com.',
    run: withDiscovery(async ({ get }, { jwks_uri: uri }) => {
      if (typeof uri !== 'string') return 'the discovery document has no jwks_uri'
      const answer = await get(uri)
      const keys = answer.status === 200 ? jsonIn(answer)?.['keys'] : undefined
      if (Array.isArray(keys) && keys.length > 0) return undefined
      const { status, text } = answer
      return `${uri} ${status === 0 ? `does not answer: ${text}` : `answers ${status} without keys`}`
    }),
  },
  {
    id: 'auth0-clock',
    title: 'this machine’s clock agrees with Auth0’s',
    severity: 'warning',
    meaning: 'Tokens look as if they were issued in the future, or expire too early.',
    fix: 'Synchronize the clock of every machine by NTP (chrony, systemd-timesyncd).',
    run: withDiscovery(async ({ config, get, now }) => {
      const { headers } = await get(discoveryUrlOf(config.auth0.issuer))
      const date = headers.get('date')
      if (date === null) return { because: 'Auth0 sent no Date' }
      const offSeconds = Math.round((now() - Date.parse(date)) / 1000)
      const size = Math.abs(offSeconds)
      if (size <= tolerableSeconds) return undefined
      const found = `this machine’s clock is ${size} s ${offSeconds > 0 ? 'ahead of' : 'behind'} Auth0’s`
      return { severity: size > harmfulSeconds ? 'error' : 'warning', found }
    }),
  },
  {
    id: 'auth0-logout-endpoint',
    title: 'Auth0 offers the standard logout',
    severity: 'warning',
    meaning: 'The tenant is older than November 2023. Stagedoor uses /v2/logout instead, and logout works.',
    fix: 'Auth0 → Settings → Advanced → RP-Initiated Logout End Session Endpoint Discovery: switch it on.',
    run: withDiscovery(async (_scene, { end_session_endpoint: endpoint }) =>
      endpoint === undefined ? 'the discovery document has no end_session_endpoint' : undefined,
    ),
  },
  {
    id: 'auth0-logout-notice',
    title: 'Stagedoor learns when a session ends at Auth0',
    severity: 'info',
    meaning: 'Blocks and lost roles take effect at the next refresh (session.refreshEvery), not within a second.',
    fix: 'Configure auth0.events.pull: it needs no public address and works on every plan.',
    run: withDiscovery(async ({ config }, { backchannel_logout_supported: isSupported }) =>
      isSupported === true || config.auth0.events !== undefined
        ? undefined
        : 'Auth0 sends no logout tokens (an Enterprise feature), and auth0.events is not configured',
    ),
  },
  {
    id: 'auth0-offline-access',
    title: 'Stagedoor asks for refresh tokens, which keep roles up to date',
    severity: 'warning',
    meaning: 'There is no refresh token: roles stay as they were at login, and blocked users stay signed in.',
    fix: 'Add offline_access to auth0.scopes, and allow it: Auth0 → Applications → APIs → <API> → Allow Offline Access.',
    run: async ({ config }) =>
      config.auth0.scopes.includes('offline_access') ? undefined : 'auth0.scopes lacks offline_access',
  },
  {
    id: 'auth0-loopback',
    title: 'server.baseUrl is not on localhost',
    severity: 'info',
    meaning: 'On localhost Auth0 always asks for consent, and newer tenants ask to confirm every login.',
    fix:
      'Ignore this in development. To switch the confirmation off, use the application’s setting ' +
      'skip_non_verifiable_callback_uri_confirmation_prompt (Management API).',
    async run({ config }) {
      const url = new URL(config.server.baseUrl)
      return isLoopback(url) ? `server.baseUrl is on ${url.hostname}` : undefined
    },
  },
]
