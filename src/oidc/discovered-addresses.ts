import type { ServerMetadata } from 'openid-client'

const required = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const optional = ['end_session_endpoint', 'pushed_authorization_request_endpoint'] as const

/**
 * Looks at the addresses of a discovery document once, so that no login stumbles over one later.
 * @throws TypeError when one that a login needs is missing, or when one is no address, or none by https
 */
export function checkAddresses(metadata: ServerMetadata): void {
  const schemes = metadata.issuer.startsWith('http:') ? ['http:', 'https:'] : ['https:']
  const present = optional.filter((name) => metadata[name] !== undefined)
  for (const name of [...required, ...present]) {
    const address: unknown = metadata[name]
    const scheme = typeof address === 'string' ? URL.parse(address)?.protocol : undefined
    if (scheme === undefined || !schemes.includes(scheme)) {
      throw new TypeError(`the discovery document of ${metadata.issuer} has no usable ${name}`)
    }
  }
}
