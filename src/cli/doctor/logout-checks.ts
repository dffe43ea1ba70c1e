import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

import { withSlash } from '../../config/values/addresses.ts'
import { application } from './auth0-checks.ts'
import { type Check, jsonIn, nothingToAsk, type Outcome, type Scene, withoutDiscovery } from './finding.ts'
import type { Answer } from './low-level-requests.ts'

/** How a session ends: the way back for people who sign out, and the way of Auth0's logout tokens to us. */
export const logoutChecks: readonly Check[] = [
  { id: 'auth0-logout-url', title: 'the logout URL is registered', unless: ['auth0-client-id'], run: checkLogoutUrl },
  {
    id: 'auth0-logout-address',
    title: 'Auth0 can reach the back-channel logout',
    unless: ['dns'],
    run: checkLogoutAddress,
  },
  {
    id: 'backchannel-logout',
    title: 'logout tokens pass the ingress',
    unless: ['dns', 'base-url', 'auth0-discovery'],
    run: checkLogoutRoute,
  },
]

/** Both logouts are asked, as both read the same list: `/v2/logout`, and the standard one where the tenant has it. */
async function checkLogoutUrl(scene: Scene): Promise<Outcome> {
  const document = await scene.discovery()
  if (document === undefined) return withoutDiscovery
  const { issuer, clientId } = scene.config.auth0
  const { baseUrl, prefix } = scene.config.server
  const target = `${baseUrl}${prefix}/signed-out`
  const standard = document['end_session_endpoint']
  const endpoints = [
    { url: `${withSlash(issuer)}v2/logout`, parameter: 'returnTo' },
    ...(typeof standard === 'string' ? [{ url: standard, parameter: 'post_logout_redirect_uri' }] : []),
  ]
  for (const { url, parameter } of endpoints) {
    const query = new URLSearchParams({ client_id: clientId, [parameter]: target })
    const answer = await scene.get(`${url}?${query.toString()}`)
    if (answer === undefined || answer.status === 429 || answer.status >= 500) continue
    if (leadsTo(target, answer)) continue
    return [
      {
        severity: 'error',
        found: `${url} does not send people back to ${target} (it answers ${answer.status})`,
        meaning: 'After signing out people see an error page of Auth0’s.',
        fix: `${application} → Allowed Logout URLs: add ${target}`,
      },
    ]
  }
  return []
}

/** A page of 200 asks whether to sign out, and says nothing of the URL. */
function leadsTo(target: string, { status, headers }: Answer): boolean {
  return status === 200 || (headers.get('location')?.startsWith(target) ?? false)
}

const privateNetworks = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  privateNetworks.addSubnet(network, bits, 'ipv4')
}
privateNetworks.addAddress('::1', 'ipv6')
for (const [network, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  privateNetworks.addSubnet(network, bits, 'ipv6')
}

/** Whether an address is on this machine or in a private network (RFC 1918, 4193, 6598, 6890). */
export function isPrivateAddress(address: string): boolean {
  return privateNetworks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** `auth0.events.pull` brings the same news, and asks outwards only. */
async function checkLogoutAddress(scene: Scene): Promise<Outcome> {
  const { server, auth0 } = scene.config
  const document = await scene.discovery()
  if (document?.['backchannel_logout_supported'] !== true || auth0.events?.pull !== undefined) return nothingToAsk
  const host = new URL(server.baseUrl).hostname.replace(/^\[|\]$/g, '')
  const addresses = await lookup(host, { all: true }).catch(() => [])
  if (addresses.length === 0 || !addresses.every(({ address }) => isPrivateAddress(address))) return []
  return [
    {
      severity: 'warning',
      found: `from here ${host} is ${addresses.map(({ address }) => address).join(', ')}, which Auth0 cannot reach`,
      meaning:
        'Logout tokens do not arrive: who is blocked or signed out at Auth0 stays signed in until the next refresh ' +
        '(session.refreshEvery). All is well where the name has a public address for the rest of the world.',
      fix: `Configure auth0.events.pull, which needs no public address; or make ${server.baseUrl}${server.prefix}/backchannel-logout reachable from the internet.`,
    },
  ]
}

/** A logout token that cannot be one: a refusal by Stagedoor shows that Auth0's would arrive. */
async function checkLogoutRoute(scene: Scene): Promise<Outcome> {
  if ((await scene.discovery())?.['backchannel_logout_supported'] !== true) return nothingToAsk
  const { baseUrl, prefix } = scene.config.server
  const url = `${baseUrl}${prefix}/backchannel-logout`
  const answer = await scene.get(url, { method: 'POST', body: new URLSearchParams({ logout_token: 'of the doctor' }) })
  if (answer && String(jsonIn(answer)?.['code']).startsWith('STAGEDOOR_')) return []
  return [
    {
      severity: 'error',
      found: `POST ${url} ${answer === undefined ? `gets no answer: ${scene.whySilent(url)}` : `is answered with ${answer.status}, and not by Stagedoor`}`,
      meaning:
        'Logout tokens of Auth0’s do not arrive: who is blocked at Auth0 stays signed in until the next refresh.',
      fix: 'Have the ingress let POST to this path pass without a login of its own, body unchanged.',
    },
  ]
}
