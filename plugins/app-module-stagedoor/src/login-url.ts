/** Stagedoor's endpoints as this page sees them. */
export type Gateway = {
  /** The page's own origin, which is Stagedoor's. */
  origin: string
  /** `server.prefix`, such as `/.stagedoor`. */
  prefix: string
}

/**
 * Stagedoor's login that comes back to `returnTo`, a path of this origin.
 *
 * @param suggested - what a 401 names as `login_url`. It counts only when it is Stagedoor's login, because a service behind
 *   Stagedoor can write a 401 of its own.
 */
export function loginUrl(gateway: Gateway, returnTo: string, suggested?: string): string {
  const login = new URL(`${gateway.prefix}/login`, gateway.origin)
  const url = parseUrl(suggested, gateway.origin)
  const chosen = url?.origin === login.origin && url.pathname === login.pathname ? url : login
  chosen.searchParams.set('return_to', byWayOfStepUp(gateway, returnTo, chosen.searchParams.get('return_to')))
  chosen.hash = ''
  return chosen.href
}

/** A step-up goes through Stagedoor's own endpoint, which knows what is asked for and where to go afterwards. */
function byWayOfStepUp({ origin, prefix }: Gateway, returnTo: string, asked: string | null): string {
  const url = parseUrl(asked ?? undefined, origin)
  if (url?.origin !== origin || url.pathname !== `${prefix}/step-up`) return returnTo
  url.searchParams.set('return_to', returnTo)
  return url.pathname + url.search
}

function parseUrl(text: string | undefined, base: string): URL | undefined {
  if (text === undefined) return undefined
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
