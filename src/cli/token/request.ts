import {
  fetchMachineToken,
  type MachineClient,
  type MachineToken,
  tokenRefusalIn,
} from '../../oidc/client-credentials-grant.ts'
import { CommandFailed } from '../run-action.ts'
import { whyNoAnswer } from '../why-no-answer.ts'

const timeoutMs = 30_000

/**
 * Requests a machine's access token (RFC 6749 §4.4).
 * @throws CommandFailed with the cause, and the setting in Auth0's dashboard that fixes it
 */
export async function requestToken(client: MachineClient, fetch: typeof globalThis.fetch): Promise<MachineToken> {
  return fetchMachineToken(client, { fetch: fetch as never, timeoutMs }).catch((cause: unknown) => {
    throw new CommandFailed(explain(cause, client), { cause })
  })
}

function explain(cause: unknown, { issuer, audience }: MachineClient): string {
  const refusal = tokenRefusalIn(cause)
  if (refusal === undefined) {
    const reason = whyNoAnswer(cause)
    return `${issuer} gives no usable answer: ${reason}. Check that the issuer is spelled as in its discovery document.`
  }
  const { status, error, description: text } = refusal
  const said = `Auth0 refused: ${text || error} (${status}).`
  if (status === 401)
    return `${said}\nCompare id and secret: Auth0 → Applications → <app> → Settings → Basic Information.`
  if (status === 429)
    return `${said}\nThe rate limit of the tenant or the client is used up: wait, and use each token until it expires.`
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
