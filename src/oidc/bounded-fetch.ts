import type { CustomFetch } from 'openid-client'

/** Far more than a discovery document, a token answer or a set of keys needs. */
const maxAnswerBytes = 1_048_576

/** Cuts off answers of the login service that are longer than any real one, so that they cannot fill the memory. */
export function boundedFetch(fetch: CustomFetch, maxBytes = maxAnswerBytes): CustomFetch {
  return async (url, options) => {
    const response = await fetch(url, options)
    if (response.body === null) return response
    const { status, statusText, headers } = response
    const bounded = new Response(response.body.pipeThrough(limit(url, maxBytes)), { status, statusText, headers })
    return Object.defineProperty(bounded, 'url', { value: response.url })
  }
}

function limit(url: string, maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) controller.error(new Error(`${url} sent more than ${maxBytes} bytes`))
      else controller.enqueue(chunk)
    },
  })
}

export type FetchLimits = { fetch: CustomFetch; signal: AbortSignal; maxBytes: number }

/**
 * Fetches one public document of an issuer. It follows no redirects, reads at most `maxBytes` and stops when `signal` aborts.
 * @throws Error when the answer is not a 200 within these limits
 */
export async function fetchDocument(url: string, { fetch, signal, maxBytes }: FetchLimits): Promise<string> {
  const headers = { accept: 'application/json' }
  const get = boundedFetch(fetch, maxBytes)
  const response = await get(url, { method: 'GET', headers, redirect: 'manual', body: null, signal })
  if (response.status === 200) return response.text()
  await response.body?.cancel()
  throw new Error(`${url} answered ${response.status}`)
}
