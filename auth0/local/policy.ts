import type { interactionPolicy as Policies, KoaContextWithOIDC } from 'oidc-provider'

import { multiFactorAcr } from './model.ts'
import { errors, interactionPolicy } from './oidc-provider.ts'
import type { Tenant } from './tenant.ts'
import { findUser, loginRefusal } from './tenant.ts'

const { Check, base } = interactionPolicy

/** When a person must act: the provider's own login rules, plus Auth0's refusals and the second factor. Never consent. */
export function createInteractionPolicy(tenant: Tenant): Policies.DefaultPolicy {
  const policy = base()
  policy.remove('consent')
  const login = policy.get('login')
  if (!login) throw new Error('the provider has no login prompt')
  login.checks.add(refusalCheck(tenant), 0)
  login.checks.add(
    new Check('mfa_required', 'Multifactor authentication required', 'login_required', mayNeedSecondFactor),
  )
  return policy
}

/** Refuses a user who was blocked, or left the organization, after the session began. */
function refusalCheck(tenant: Tenant) {
  return new Check('refused', 'login refused', 'access_denied', ({ oidc }) => {
    const user = oidc.session?.accountId === undefined ? undefined : findUser(tenant, oidc.session.accountId)
    // Show a due login page first: another user may sign in there.
    if (!user || oidc.prompts.has('login')) return Check.NO_NEED_TO_PROMPT
    const refusal = loginRefusal(tenant, user, parameter(oidc.params?.organization))
    if (refusal !== undefined) throw new errors.AccessDenied(refusal)
    return Check.NO_NEED_TO_PROMPT
  })
}

/** Each request for the second factor needs a new one, even in a session that has passed it before. */
function mayNeedSecondFactor({ oidc }: KoaContextWithOIDC): boolean {
  return wantsSecondFactor(oidc.params?.acr_values) && oidc.result?.secondFactor !== true
}

export function wantsSecondFactor(acrValues: unknown): boolean {
  return typeof acrValues === 'string' && acrValues.split(' ').includes(multiFactorAcr)
}

export function parameter(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
