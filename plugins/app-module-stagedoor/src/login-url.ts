/** Stagedoor's endpoints as this page sees them. */
export type Gateway = {
  /** The page's own origin, which is Stagedoor's. */
  origin: string
  /** `server.prefix`, such as `/.stagedoor`. */
  prefix: string
}

/**
 * The login page that comes back to `returnTo`, a path of this origin.
 *
 * @param suggested what a 401 names as `login_url`; it keeps its parameters (a step-up has some), but counts only when it
 *   is Stagedoor's login, because a service behind Stagedoor can write a 401 of its own
 */
export function loginUrl({ origin, prefix }: Gateway, returnTo: string, suggested?: string): string {
  const login = new URL(`${prefix}/login`, origin)
  const url = suggested === undefined ? null : parseUrl(suggested, origin)
  const chosen = url !== null && url.origin === login.origin && url.pathname === login.pathname ? url : login
  chosen.searchParams.set('return_to', returnTo)
  chosen.hash = ''
  return chosen.href
}

function parseUrl(text: string, base: string): URL | null {
  try {
    return new URL(text, base)
  } catch {
    return null
  }
}
