import { withSlash } from '../config/values/addresses.ts'
import { fetchDocument, type FetchLimits } from './bounded-fetch.ts'

/**
 * Where an issuer's keys are, by its discovery document (OpenID Connect Discovery 1.0 §4).
 * @throws Error when the document is not that issuer's, or its keys are not reached by https
 */
export async function discoverJwksUrl(issuer: string, limits: FetchLimits): Promise<string> {
  const document: unknown = JSON.parse(
    await fetchDocument(`${withSlash(issuer)}.well-known/openid-configuration`, limits),
  )
  const { issuer: named, jwks_uri: url } = (document ?? {}) as Record<string, unknown>
  // §4.3: compared as strings, or one issuer could speak for another.
  if (named !== issuer) throw new Error(`the discovery document of ${issuer} names ${String(named)} as its issuer`)
  const location = typeof url === 'string' ? URL.parse(url) : null
  const isProtected = location?.protocol === 'https:' || issuer.startsWith('http:')
  if (location === null || !isProtected) throw new Error(`the discovery document of ${issuer} has no https jwks_uri`)
  return location.href
}

/** Fetches the keys from where they were last, and looks for the place again when that fails. */
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
