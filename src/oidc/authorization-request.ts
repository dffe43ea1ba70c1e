// This folder: login, logout and refreshing at the login service.

import { buildAuthorizationUrl, buildAuthorizationUrlWithPAR, type ServerMetadata } from 'openid-client'

import { GatewayError } from '../errors/gateway-error.ts'
import { capabilitiesOf } from './discovery.ts'
import { isClientRejected, outageIn } from './failures.ts'
import type { LoginParameters } from './login-parameters.ts'
import type { Provider } from './provider.ts'
import type { SecondFactor } from './second-factor.ts'
import { stepUpParameters } from './step-up.ts'

type AuthorizationRequest = {
  redirectUri: string
  scopes: readonly string[]
  audience?: string | undefined
  organization?: string | undefined
  state: string
  nonce: string
  codeChallenge: string
  secondFactor?: SecondFactor | undefined
  prompt?: Prompt | undefined
}

/** What the provider must ask the person even if it has a session (OIDC Core §3.1.2.1). */
export type Prompt = 'login' | 'select_account' | 'consent'

/** The query sent to `/authorize` (RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1, Auth0's own parameters). */
export function authorizationParameters(
  request: AuthorizationRequest,
  { invitation, organization_name, connection, login_hint }: LoginParameters,
): Record<string, string> {
  const parameters = {
    response_type: 'code',
    redirect_uri: request.redirectUri,
    scope: request.scopes.join(' '),
    state: request.state,
    nonce: request.nonce,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
    audience: request.audience,
    organization: request.organization,
    prompt: request.prompt,
    invitation,
    organization_name,
    connection,
    login_hint,
    ...stepUpParameters(request.secondFactor),
  }
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** Whether the request is pushed to the provider (RFC 9126). `auto`: only if its discovery document requires it. */
export type PushedAuthorization = 'auto' | 'always' | 'never'

type AskingParty = { provider: Provider; pushedAuthorization: PushedAuthorization }

/**
 * The URL where the browser logs in. If pushing the request (RFC 9126) fails, it is not sent as a plain request instead:
 * an attacker who can make the push fail could then read and change the parameters.
 * @throws STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED when the provider refuses the request; otherwise as Provider.call()
 */
export async function authorizationUrl(party: AskingParty, query: Record<string, string>): Promise<URL> {
  const { provider, pushedAuthorization } = party
  if (!isPushed(pushedAuthorization, await provider.metadata())) {
    return provider.call(async (configuration) => buildAuthorizationUrl(configuration, query))
  }
  return provider.call((configuration) => buildAuthorizationUrlWithPAR(configuration, query).catch(refuse))
}

function isPushed(wanted: PushedAuthorization, metadata: ServerMetadata): boolean {
  if (wanted === 'auto') return capabilitiesOf(metadata).pushedAuthorization === 'required'
  return wanted === 'always'
}

/** Rethrows outages and rejected credentials, which `Provider.call()` handles: it may try another secret. */
function refuse(cause: unknown): never {
  if (outageIn(cause) !== undefined || isClientRejected(cause)) throw cause
  throw new GatewayError('STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED', { cause })
}
