import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a person's browser is loading a page to look at, by Fetch Metadata (W3C) where the browser sends it, else by
 * what only page loads ask for. Only such a request may be redirected to login: a redirect would break every other kind.
 * A page that is prefetched or framed would start an invisible login.
 */
export function isNavigation(method: string, headers: IncomingHttpHeaders): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return isPageLoad(headers) && !isPrefetch(headers) && !isFramed(headers)
}

/** Whether an error should be shown as a page: to people, whether they follow a link or send a form. */
export function wantsPage(headers: IncomingHttpHeaders): boolean {
  return isPageLoad(headers)
}

function isPageLoad(headers: IncomingHttpHeaders): boolean {
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return acceptsHtml(headers) && headers['x-requested-with'] === undefined
}

/** `Sec-Purpose` is what browsers send; `Purpose` and `X-Moz` are what they sent before. */
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
