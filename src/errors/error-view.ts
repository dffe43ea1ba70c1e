import type { FastifyRequest } from 'fastify'

import type { ErrorView } from '../pages/error-page.ts'
import { errorTable } from './error-table.ts'
import type { GatewayError } from './gateway-error.ts'

type Refused = Pick<FastifyRequest, 'id' | 'facts' | 'principal'>

/** The content of an error page and its links. No link leads back to the refused page. */
export function errorViewOf(
  error: GatewayError,
  request: Refused,
  { prefix, loginUrl, isPortalOpen }: { prefix: string; loginUrl: string | undefined; isPortalOpen: boolean },
): ErrorView {
  const { code, publicDetail: detail, remedy, explanation, statusCode } = error
  const path = request.facts?.path
  // The login service has a session for the refused person, and would refuse them again at once.
  const offersPortal = isPortalOpen && path !== '/' && code !== 'STAGEDOOR_OIDC_PROVIDER_REFUSED'
  const offersAccount = request.principal?.kind === 'user' && path !== `${prefix}/`
  return {
    sentence: errorTable[code].sentence,
    remedy,
    detail,
    code,
    requestId: request.id,
    explanation,
    ways: [
      ...(loginUrl === undefined ? [] : [{ label: 'Sign in', href: loginUrl }]),
      ...(offersPortal ? [{ label: 'Go to the portal', href: '/' }] : []),
      ...(offersAccount ? [{ label: 'My account', href: `${prefix}/` }] : []),
    ],
    anotherAccount:
      statusCode === 403 ? { action: `${prefix}/logout`, returnTo: returnPathOf(request, prefix) } : undefined,
  }
}

/** The path to return to after a login: the requested one, but not one of our own endpoints. */
function returnPathOf({ facts }: Refused, prefix: string): string {
  return facts === undefined || facts.path.startsWith(`${prefix}/`) ? '/' : facts.path
}
