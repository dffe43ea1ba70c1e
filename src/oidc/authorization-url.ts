import { buildAuthorizationUrl, buildAuthorizationUrlWithPAR, type ServerMetadata } from 'openid-client'

import { GatewayError } from '../errors/gateway-error.ts'
import { capabilitiesOf } from './capabilities.ts'
import { isClientRejected, isProviderUnavailable } from './failures.ts'
import type { Provider } from './provider.ts'

/** Whether the request is handed to the provider directly; `auto`: where its discovery document requires it. */
export type PushedAuthorization = 'auto' | 'always' | 'never'

type AskingParty = { provider: Provider; pushedAuthorization: PushedAuthorization }

/**
 * Where the browser is sent to log in. A pushed request (RFC 9126) is never sent the plain way when pushing it fails:
 * an attacker who can make it fail could then read and change the parameters.
 * @throws STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED when the provider does not take it; as Provider.call()
 */
export async function authorizationUrl(party: AskingParty, query: Record<string, string>): Promise<URL> {
  const { provider, pushedAuthorization } = party
  if (!isPushed(pushedAuthorization, await provider.metadata())) {
    return provider.call(async (configuration) => buildAuthorizationUrl(configuration, query))
  }
  return provider.call((configuration) => buildAuthorizationUrlWithPAR(configuration, query).catch(refuse))
}

export function isPushed(wanted: PushedAuthorization, metadata: ServerMetadata): boolean {
  if (wanted === 'auto') return capabilitiesOf(metadata).pushedAuthorization === 'required'
  return wanted === 'always'
}

/** Outages and rejected credentials are for the provider to judge: it knows another secret, and what page they get. */
function refuse(cause: unknown): never {
  if (isProviderUnavailable(cause) || isClientRejected(cause)) throw cause
  throw new GatewayError('STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED', { cause })
}
