import { withSlash } from '../config/values/addresses.ts'
import { fetchDocument, type FetchLimits } from './bounded-fetch.ts'

/**
 * Reads the URL of an issuer's keys from its discovery document (OpenID Connect Discovery 1.0 §4).
 * @throws Error when the document belongs to another issuer, or the URL is not https
 */
export async function discoverJwksUrl(issuer: string, limits: FetchLimits): Promise<string> {
  const document: unknown = JSON.parse(
    await fetchDocument(`${withSlash(issuer)}.well-known/openid-configuration`, limits),
  )
  const { issuer: named, jwks_uri: url } = (document ?? {}) as Record<string, unknown>
  // §4.3: the issuers must be identical strings; otherwise one issuer could impersonate another.
  if (named !== issuer) throw new Error(`the discovery document of ${issuer} names ${String(named)} as its issuer`)
  const location = typeof url === 'string' ? URL.parse(url) : null
  const isProtected = location?.protocol === 'https:' || issuer.startsWith('http:')
  if (location === null || !isProtected) throw new Error(`the discovery document of ${issuer} has no https jwks_uri`)
  return location.href
}

/** Fetches the keys from the last known URL. After a failure, the next fetch discovers the URL again. */
export function createJwksFetch(
  discover: (signal: AbortSignal) => Promise<string>,
  fetchKeys: (url: string, signal: AbortSignal) => Promise<string>,
): (signal: AbortSignal) => Promise<string> {
  let known: string | undefined
  return async (signal) => {
    const url = known ?? (await discover(signal))
    known = undefined
    const keys = await fetchKeys(url, signal)
    known = url
    return keys
  }
}
