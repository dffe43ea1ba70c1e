import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { parse } from 'yaml'

import { packageFile } from '../../config/load.ts'

export type Settings = Record<string, unknown>

/** The objects that the tenant should have for Stagedoor. */
export type Wanted = {
  api: Settings & { name: string; identifier: string }
  web: Settings & { name: string }
  /** The application that reads Auth0's events. `grant` has its scopes of the Management API. */
  events: (Settings & { name: string }) | undefined
  grant: { audience: string; scope: string[] }
  role: Settings & { name: string }
  action: Settings & { name: string }
}

export type Wish = {
  baseUrl: string
  audience: string
  managementAudience: string
  /** Whether the tenant supports it and Auth0 can reach the gateway (`options.ts`). */
  hasBackchannelLogout: boolean
  withEvents: boolean
}

type TenantFile = {
  actions: [Settings & { name: string; code: string }]
  resourceServers: [Settings & { name: string; identifier: string }]
  clients: [Settings & { name: string }, Settings & { name: string }]
  clientGrants: [{ audience: string; scope: string[] }]
  roles: [Settings & { name: string }]
}

/** Reads `auth0/tenant/tenant.yaml` from the package, and fills in the addresses. */
export async function wantedTenant(wish: Wish): Promise<Wanted> {
  const folder = packageFile('auth0/tenant')
  const text = await readFile(join(folder, 'tenant.yaml'), 'utf8')
  const file: TenantFile = parse(fill(text, wish))
  const [{ permissions: _permissions, ...role }] = file.roles
  const [{ deployed: _deployed, ...action }] = file.actions
  const [web, events] = file.clients
  if (!wish.hasBackchannelLogout) delete web['oidc_logout']
  return {
    api: file.resourceServers[0],
    web,
    events: wish.withEvents ? events : undefined,
    grant: file.clientGrants[0],
    role,
    action: { ...action, code: await readFile(join(folder, action.code), 'utf8') },
  }
}

/** Replaces `##NAME##` and `@@NAME@@`, as auth0-deploy-cli does. */
function fill(text: string, { baseUrl, audience, managementAudience, hasBackchannelLogout }: Wish): string {
  const logoutUrls = hasBackchannelLogout ? [`${baseUrl}/.stagedoor/backchannel-logout`] : []
  return text
    .replaceAll('##BASE_URL##', baseUrl)
    .replaceAll('##AUDIENCE##', JSON.stringify(audience))
    .replaceAll('##MANAGEMENT_AUDIENCE##', JSON.stringify(managementAudience))
    .replaceAll('@@BACKCHANNEL_LOGOUT_URLS@@', JSON.stringify(logoutUrls))
}
