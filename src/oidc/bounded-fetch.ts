import type { CustomFetch } from 'openid-client'

/** Far more than a discovery document, a token answer or a set of keys needs. */
const maxAnswerBytes = 1_048_576

/** Cuts off answers of the login service that are longer than any real one, so that none fills the memory. */
export function boundedFetch(fetch: CustomFetch, maxBytes = maxAnswerBytes): CustomFetch {
  return async (url, options) => {
    const response = await fetch(url, options)
    if (response.body === null) return response
    const { status, statusText, headers } = response
    return new Response(response.body.pipeThrough(limit(url, maxBytes)), { status, statusText, headers })
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
