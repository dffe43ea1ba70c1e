import {
  allowInsecureRequests,
  clientCredentialsGrant,
  ClientError,
  ClientSecretPost,
  customFetch,
  discovery,
  ResponseBodyError,
} from 'openid-client'

import { CommandFailed } from '../run-action.ts'

export type TokenRequest = {
  issuer: string
  clientId: string
  clientSecret: string
  audience: string
  scope?: string
  organization?: string
}

/**
 * Asks for a machine's access token (RFC 6749 §4.4).
 * @throws CommandFailed with the cause, and the place in Auth0's dashboard that mends it
 */
export async function requestToken(
  { issuer, clientId, clientSecret, audience, scope, organization }: TokenRequest,
  fetch: typeof globalThis.fetch,
): Promise<{ token: string; lifetimeSeconds: number }> {
  try {
    const url = new URL(issuer)
    const provider = await discovery(url, clientId, undefined, ClientSecretPost(clientSecret), {
      execute: url.protocol === 'http:' && isLoopback(url) ? [allowInsecureRequests] : [],
      [customFetch]: fetch as never,
    })
    const answer = await clientCredentialsGrant(provider, {
      audience,
      ...(scope === undefined ? {} : { scope }),
      ...(organization === undefined ? {} : { organization }),
    })
    return { token: answer.access_token, lifetimeSeconds: answer.expires_in ?? 0 }
  } catch (cause) {
    throw new CommandFailed(explain(cause, { issuer, audience }), { cause })
  }
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
}

function explain(cause: unknown, { issuer, audience }: { issuer: string; audience: string }): string {
  if (!(cause instanceof ResponseBodyError)) {
    const code = cause instanceof ClientError ? ` (${cause.code ?? cause.message})` : ''
    return `${issuer} gives no answer that can be used${code}. Is the issuer spelled as in its discovery document?`
  }
  const { status, error, error_description: text = '' } = cause
  const said = `Auth0 refused: ${text || error} (${status}).`
  if (status === 401)
    return `${said}\nCompare id and secret: Auth0 → Applications → <app> → Settings → Basic Information.`
  if (status === 429) return `${said}\nThe tenant’s or the client’s allowance is used up; wait, and keep tokens.`
  if (text.startsWith('Service not found')) {
    return `${said}\nNo API has the identifier ${audience}: Auth0 → Applications → APIs → <API> → Identifier.`
  }
  if (text.startsWith('Client is not authorized')) {
    return `${said}\nAllow it: Auth0 → Applications → APIs → <API> → Machine to Machine Applications.`
  }
  if (error === 'unauthorized_client') {
    return `${said}\nAllow Client Credentials: Auth0 → Applications → <app> → Settings → Advanced → Grant Types.`
  }
  return said
}
