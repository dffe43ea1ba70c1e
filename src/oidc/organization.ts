import type { Session } from '../session/session.ts'
import { badParameter, type LoginParameters } from './login-parameters.ts'

/**
 * The organization that a login is for. A link may choose one only if the configuration names none. A step-up keeps the
 * organization of the present session; otherwise the new session would have none.
 * @param steppedUp the session that gets a second factor
 * @throws STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER
 */
export function organizationOf(
  { organization }: LoginParameters,
  configured: string | undefined,
  steppedUp?: Pick<Session, 'claims'>,
): string | undefined {
  if (configured === undefined) return organization ?? steppedUp?.claims.org_id
  if (organization === undefined || organization === configured) return configured
  throw badParameter('organization is not the one of this portal')
}
