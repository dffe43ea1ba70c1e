import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a person's browser is loading a page, by Fetch Metadata (W3C) where the browser sends it, else by what only
 * page loads ask for. Only such a request may be redirected to login: a redirect would break every other kind.
 */
export function isNavigation(method: string, headers: IncomingHttpHeaders): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return acceptsHtml(headers) && headers['x-requested-with'] === undefined
}

/** Whether an error should be shown as a page: navigations, and forms that a page sent. */
export function wantsPage(method: string, headers: IncomingHttpHeaders): boolean {
  return isNavigation(method, headers) || headers['sec-fetch-mode'] === 'navigate'
}

function acceptsHtml(headers: IncomingHttpHeaders): boolean {
  return headers.accept?.includes('text/html') ?? false
}
