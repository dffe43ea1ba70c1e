import {
  allowInsecureRequests,
  clientCredentialsGrant,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'

import { isLoopback } from '../config/values/addresses.ts'

/** A client that requests an access token for itself. */
export type MachineClient = {
  issuer: string
  clientId: string
  clientSecret: string
  audience: string
  scope?: string | undefined
  organization?: string | undefined
}

export type MachineToken = { token: string; lifetimeSeconds: number; scopes: readonly string[] }

export type TokenRequestOptions = {
  fetch: CustomFetch
  timeoutMs: number
  /** Default: the one from discovery. */
  tokenEndpoint?: string
}

/**
 * Fetches a machine's access token (RFC 6749 §4.4).
 * @throws Error that `tokenRefusalIn` reads
 */
export async function fetchMachineToken(client: MachineClient, options: TokenRequestOptions): Promise<MachineToken> {
  const { audience, scope, organization } = client
  const answer = await clientCredentialsGrant(await providerFor(client, options), {
    audience,
    ...(scope !== undefined && { scope }),
    ...(organization !== undefined && { organization }),
  })
  const { access_token: token, expires_in: lifetimeSeconds = 0, scope: granted = '' } = answer
  return { token, lifetimeSeconds, scopes: granted.split(' ') }
}

async function providerFor(
  { issuer, clientId, clientSecret }: MachineClient,
  { fetch, timeoutMs, tokenEndpoint }: TokenRequestOptions,
): Promise<Configuration> {
  const url = new URL(issuer)
  const execute = url.protocol === 'http:' && isLoopback(url) ? [allowInsecureRequests] : []
  const authentication = ClientSecretPost(clientSecret)
  const timeout = timeoutMs / 1000
  if (tokenEndpoint === undefined) {
    return discovery(url, clientId, undefined, authentication, { execute, [customFetch]: fetch, timeout })
  }
  const provider = new Configuration({ issuer, token_endpoint: tokenEndpoint }, clientId, undefined, authentication)
  for (const extend of execute) extend(provider)
  return Object.assign(provider, { [customFetch]: fetch, timeout })
}

/** An application at Auth0 that may use the Management API. Its issuer ends in a slash. */
export type ManagementCredentials = Omit<MachineClient, 'audience'> & {
  /** Default: the Management API below the issuer. If the issuer is a custom domain, set it: the audience differs. */
  audience?: string | undefined
}

/** Fetches a token for Auth0's Management API, whose token endpoint is known without discovery. */
export async function fetchManagementToken(
  { audience, ...client }: ManagementCredentials,
  options: Omit<TokenRequestOptions, 'tokenEndpoint'>,
): Promise<MachineToken> {
  const { issuer } = client
  const all = { ...client, audience: audience ?? `${issuer}api/v2/` }
  return fetchMachineToken(all, { ...options, tokenEndpoint: `${issuer}oauth/token` })
}

/** Why the login service refused a token; undefined if there was no usable answer. */
export function tokenRefusalIn(error: unknown): { status: number; error: string; description: string } | undefined {
  if (error instanceof ResponseBodyError) {
    return { status: error.status, error: error.error, description: error.error_description ?? '' }
  }
  return error instanceof WWWAuthenticateChallengeError
    ? { status: error.status, error: '', description: '' }
    : undefined
}
