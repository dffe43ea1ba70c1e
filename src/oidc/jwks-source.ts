import type { CustomFetch } from 'openid-client'

export type FetchLimits = { fetch: CustomFetch; signal: AbortSignal; maxBytes: number }

/**
 * Fetches one public document of an issuer: no redirects, no more than `maxBytes`, until `signal` ends it.
 * @throws Error when the answer is not a 200 within these limits
 */
export async function fetchDocument(url: string, { fetch, signal, maxBytes }: FetchLimits): Promise<string> {
  const headers = { accept: 'application/json' }
  const response = await fetch(url, { method: 'GET', headers, redirect: 'manual', body: null, signal })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url} answered ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new Error(`${url} sent more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Where an issuer's keys are, by its discovery document (OpenID Connect Discovery 1.0 §4).
 * @throws Error when the document is not that issuer's, or its keys are not reached by https
 */
export async function discoverJwksUrl(issuer: string, limits: FetchLimits): Promise<string> {
  const base = issuer.endsWith('/') ? issuer : `${issuer}/`
  const document: unknown = JSON.parse(await fetchDocument(`${base}.well-known/openid-configuration`, limits))
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
