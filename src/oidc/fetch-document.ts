import type { CustomFetch } from 'openid-client'

export type FetchLimits = { fetch: CustomFetch; timeoutMs: number; maxBytes: number }

/**
 * Fetches one public document of an issuer: no redirects, no more than `maxBytes`, in time.
 * @throws Error when the answer is not a 200 within these limits
 */
export async function fetchDocument(url: string, { fetch, timeoutMs, maxBytes }: FetchLimits): Promise<string> {
  const response = await fetch(url, {
    method: 'GET',
    headers: { accept: 'application/json' },
    redirect: 'manual',
    body: null,
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url} answered ${response.status}`)
  }
  return readAtMost(response, maxBytes, url)
}

async function readAtMost(response: Response, maxBytes: number, url: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new Error(`${url} sent more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
