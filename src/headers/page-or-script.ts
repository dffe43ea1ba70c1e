import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a browser is loading a page that the person sees. Fetch Metadata (W3C) decides if the browser sends it, otherwise the
 * headers that only page loads have. Only such a request may be redirected to login: a redirect would break other requests, and a
 * prefetched or framed page would start an invisible login.
 */
export function isNavigation(method: string, headers: IncomingHttpHeaders): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return isPageLoad(headers) && !isPrefetch(headers) && !isFramed(headers)
}

/** Whether an error should be answered as a page: when a person follows a link or sends a form. */
export function wantsPage(headers: IncomingHttpHeaders): boolean {
  return isPageLoad(headers)
}

function isPageLoad(headers: IncomingHttpHeaders): boolean {
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return acceptsHtml(headers) && headers['x-requested-with'] === undefined
}

/** Browsers send `Sec-Purpose`; older ones send `Purpose` or `X-Moz`. */
function isPrefetch(headers: IncomingHttpHeaders): boolean {
  const purposes = [headers['sec-purpose'], headers['purpose'], headers['x-moz']]
  return purposes.some((purpose) => /^prefetch\b/i.test(String(purpose ?? '')))
}

function isFramed({ 'sec-fetch-dest': destination }: IncomingHttpHeaders): boolean {
  return destination !== undefined && destination !== 'document'
}

function acceptsHtml(headers: IncomingHttpHeaders): boolean {
  return headers.accept?.includes('text/html') ?? false
}
