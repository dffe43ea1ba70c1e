import { lookup } from 'node:dns/promises'

import { createNetworkTest } from '../../boundary/trusted-proxies.ts'
import { hostOf, withSlash } from '../../config/values/addresses.ts'
import { isNoVerdict, jsonIn, type Members, type CheckContext } from './check-context.ts'
import { type Check, nothingToAsk, type Outcome, withDiscovery } from './check.ts'
import { application } from './discovery-checks.ts'
import type { Answer } from './low-level-requests.ts'

/** Checks of logout: the redirect after sign-out, and the delivery of Auth0's logout tokens. */
export const logoutChecks: readonly Check[] = [
  {
    id: 'auth0-logout-url',
    title: 'the logout URL is registered',
    severity: 'error',
    meaning: 'After sign-out, people see an error page of Auth0.',
    unless: ['auth0-client-id'],
    run: withDiscovery(checkLogoutUrl),
  },
  {
    id: 'auth0-logout-address',
    title: 'Auth0 can reach the back-channel logout',
    severity: 'warning',
    meaning:
      'Logout tokens do not arrive: people whom Auth0 blocks or signs out stay signed in until the next refresh ' +
      '(session.refreshEvery). Ignore this if public DNS gives the name a public address.',
    unless: ['dns'],
    run: checkLogoutAddress,
  },
  {
    id: 'backchannel-logout',
    title: 'logout tokens pass the ingress',
    severity: 'error',
    meaning: 'Auth0’s logout tokens do not arrive: people whom Auth0 blocks stay signed in until the next refresh.',
    fix: 'Configure the ingress to pass POST requests to this path without a login of its own, with the body unchanged.',
    unless: ['dns', 'base-url', 'auth0-discovery'],
    run: checkLogoutRoute,
  },
]

/** Checks both logout endpoints, which use the same list of URLs: `/v2/logout`, and the standard one if the tenant has it. */
async function checkLogoutUrl({ config, get }: CheckContext, document: Members): Promise<Outcome> {
  const { issuer, clientId } = config.auth0
  const target = `${config.server.baseUrl}${config.server.prefix}/signed-out`
  const standard = document['end_session_endpoint']
  const endpoints = [
    { url: `${withSlash(issuer)}v2/logout`, parameter: 'returnTo' },
    ...(typeof standard === 'string' ? [{ url: standard, parameter: 'post_logout_redirect_uri' }] : []),
  ]
  for (const { url, parameter } of endpoints) {
    const query = new URLSearchParams({ client_id: clientId, [parameter]: target })
    const answer = await get(`${url}?${query.toString()}`)
    if (isNoVerdict(answer) || leadsTo(target, answer)) continue
    return {
      found: `${url} does not send people back to ${target} (it answers ${answer.status})`,
      fix: `${application} → Allowed Logout URLs: add ${target}`,
    }
  }
  return undefined
}

/** Whether the answer redirects to the target. A 200 also passes: that page asks whether to sign out, and does not show if the URL is allowed. */
function leadsTo(target: string, { status, headers }: Answer): boolean {
  return status === 200 || (headers.get('location')?.startsWith(target) ?? false)
}

/** Whether an address is local or in a private network (RFC 1918, 4193, 6598, 6890). */
export const isPrivateAddress = createNetworkTest([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
])

/** Checks whether Auth0 can reach the gateway. Not needed with `auth0.events.pull`, which gets the same news by outgoing requests. */
async function checkLogoutAddress({ config: { server, auth0 }, discovery }: CheckContext): Promise<Outcome> {
  const document = await discovery()
  if (document?.['backchannel_logout_supported'] !== true || auth0.events?.pull !== undefined) return nothingToAsk
  const host = hostOf(new URL(server.baseUrl))
  const addresses = (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address)
  if (addresses.length === 0 || !addresses.every(isPrivateAddress)) return undefined
  return {
    found: `from here ${host} resolves to ${addresses.join(', ')}, which Auth0 cannot reach`,
    fix: `Configure auth0.events.pull, which needs no public address; or make ${server.baseUrl}${server.prefix}/backchannel-logout reachable from the internet.`,
  }
}

/** Sends an invalid logout token. If Stagedoor refuses it, Auth0's tokens can arrive, too. */
async function checkLogoutRoute({ config: { server }, discovery, get }: CheckContext): Promise<Outcome> {
  if ((await discovery())?.['backchannel_logout_supported'] !== true) return nothingToAsk
  const url = `${server.baseUrl}${server.prefix}/backchannel-logout`
  const answer = await get(url, { method: 'POST', body: new URLSearchParams({ logout_token: 'of the doctor' }) })
  if (String(jsonIn(answer)?.['code']).startsWith('STAGEDOOR_')) return undefined
  const { status, text } = answer
  return `POST ${url} ${status === 0 ? `gets no answer: ${text}` : `is answered with ${status}, and not by Stagedoor`}`
}
