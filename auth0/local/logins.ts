import type { KoaContextWithOIDC } from 'oidc-provider'

import { requestedAudience } from './audience.ts'
import type { LoginRecord } from './model.ts'
import { parameter } from './policy.ts'
import type { Tenant } from './tenant.ts'
import { findOrganization } from './tenant.ts'

/** Stores the content of this login's tokens. Called when the code is sent to the application. */
export function recordLogin(tenant: Tenant, context: KoaContextWithOIDC): void {
  const { oidc } = context
  const code = oidc.entities.AuthorizationCode
  const session = oidc.session
  if (!code?.grantId || !session?.accountId || !code.clientId) return
  const audience = requestedAudience(tenant, context)
  const organization = parameter(oidc.params?.organization)
  const organizationId = organization && findOrganization(tenant, organization)?.id
  const record: LoginRecord = {
    grantId: code.grantId,
    clientId: code.clientId,
    userId: session.accountId,
    sid: session.uid,
    scopes: (parameter(oidc.params?.requested_scope) ?? '').split(' ').filter(Boolean),
    mfaJustPassed: oidc.result?.secondFactor === true,
    ...(audience === undefined ? {} : { audience }),
    ...(organizationId ? { organizationId } : {}),
    ...(showsAuthTime(oidc) && session.loginTs !== undefined ? { authTimeSeconds: session.loginTs } : {}),
  }
  tenant.logins.set(record.grantId, record)
}

/** Auth0 puts `auth_time` into the ID token only if the request depends on it. */
function showsAuthTime({ params }: KoaContextWithOIDC['oidc']): boolean {
  return params?.max_age !== undefined || (parameter(params?.prompt) ?? '').split(' ').includes('login')
}
