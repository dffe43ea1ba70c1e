import { stringify } from 'yaml'

import type { Change } from './plan.ts'
import type { SecretPlaces } from './secrets.ts'
import type { Wanted } from './wanted.ts'

/** Describes one change, with its differences below. */
export function describe({ title, differences }: Change): string {
  return [`  - ${title}`, ...differences.map((line) => `      ${line}`), ''].join('\n')
}

/** Client ids of the applications at Auth0. Without `events`, the gateway does not read events. */
type ClientIds = Record<'web' | 'events', string | undefined>

/** The gateway's configuration for the tenant. */
export function gatewayYaml(
  { baseUrl, issuer, audience, backstageUrl }: Record<'baseUrl' | 'issuer' | 'audience' | 'backstageUrl', string>,
  { web, events }: ClientIds,
  places: SecretPlaces,
): string {
  const pull = { clientId: events, clientSecret: places.events }
  return stringify({
    server: { baseUrl },
    auth0: {
      issuer,
      clientId: web,
      clientSecrets: [places.client],
      audience,
      events: events === undefined ? undefined : { pull },
    },
    session: { secrets: [places.session] },
    upstreams: { backstage: { url: backstageUrl } },
    routes: [
      { name: 'readiness', path: '/.backstage/health/v1/readiness', methods: ['GET'], allow: 'public' },
      { name: 'everything', path: '/**', allow: 'authenticated', upstream: 'backstage' },
    ],
  })
}

/** Instructions for making the same changes by hand in Auth0's dashboard. */
export function clicks({ api, web, events, grant, role, action }: Wanted): string {
  const list = (value: unknown) => (value as string[]).join(', ')
  const refresh = web['refresh_token'] as Record<'leeway' | 'idle_token_lifetime' | 'token_lifetime', number>
  const logout = web['oidc_logout'] as { backchannel_logout_urls: string[] } | undefined
  const steps = [
    `Applications → APIs → Create API: name “${api.name}”, identifier ${api.identifier}, RS256.`,
    '  Settings: Enable RBAC, Add Permissions in the Access Token, Allow Skipping User Consent and Allow Offline Access: on.',
    `Applications → Applications → Create Application: name “${web.name}”, Regular Web Application. Settings:`,
    `  Allowed Callback URLs: ${list(web['callbacks'])}`,
    `  Allowed Logout URLs: ${list(web['allowed_logout_urls'])}`,
    `  Refresh Token Rotation: on, Rotation Overlap Period: ${refresh.leeway} seconds.`,
    `  Refresh Token Expiration → Set Idle Refresh Token Lifetime: ${refresh.idle_token_lifetime} seconds, Set Maximum Refresh Token Lifetime: ${refresh.token_lifetime} seconds.`,
    '  Advanced Settings → Grant Types: Authorization Code, Refresh Token.',
    ...(logout === undefined
      ? []
      : [`  Back-Channel Logout (Enterprise): ${list(logout.backchannel_logout_urls)}, initiators: all.`]),
    `User Management → Roles → Create Role: “${role.name}”. Give it to the operators who may use the console.`,
    `Actions → Library → Create Action → Build from Scratch: “${action.name}”, trigger Login / Post Login. Code: auth0/tenant/actions/post-login.js.`,
    '  Deploy it. Actions → Triggers → post-login: drag it into the flow. Apply.',
    ...(events === undefined
      ? []
      : [
          `Applications → Applications → Create Application: name “${events.name}”, Machine to Machine, authorized for the Auth0 Management API (${grant.audience}) with ${list(grant.scope)}.`,
        ]),
  ]
  let number = 0
  return steps.map((step) => (step.startsWith('  ') ? ` ${step}` : `${(number += 1)}. ${step}`)).join('\n') + '\n'
}
