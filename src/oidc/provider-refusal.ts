import { GatewayError } from '../errors/gateway-error.ts'

const tooLong = /^(.{300}).+$/u

/**
 * The login service's refusal (RFC 6749 §4.1.2.1), with its own words for the person: a blocked account, or what an Action
 * says. Used only for a callback whose `state` and transaction belong to this browser: anyone can write the address of another callback.
 */
export function providerRefusal({
  error,
  error_description: words,
}: Readonly<Record<string, unknown>>): GatewayError | undefined {
  if (error === undefined) return undefined
  const code = typeof error === 'string' && /^[\w-]{1,64}$/.test(error) ? error : 'unknown'
  const said = typeof words === 'string' ? plainWords(words) : ''
  const detail = said === '' ? `The login service says: ${code}.` : `The login service says: “${said}” (${code})`
  return new GatewayError('STAGEDOOR_OIDC_PROVIDER_REFUSED', { reason: code, detail, isDetailPublic: true })
}

/** One line without control and direction characters, which could make a text look like another; of a bounded length. */
function plainWords(text: string): string {
  const line = text.replaceAll(/[\p{C}\p{Z}\s]+/gu, ' ').trim()
  return line.replace(tooLong, '$1…')
}
