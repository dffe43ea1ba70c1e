const defaultLifetimeMs = 10 * 60_000
/** Long enough that no call starts with a token that ends on its way; Backstage's own margin. */
const marginMs = 5 * 60_000

export type TokenLifetime = { renewAt: number; expiresAt: number }

/**
 * When a Backstage token should be renewed, and when it ends: by how long it lives, so that a browser whose clock is wrong
 * neither asks all the time nor too late.
 *
 * @param receivedAt - by the browser's clock, milliseconds since the epoch
 */
export function lifetimeOf(token: string, receivedAt: number): TokenLifetime {
  const lifetimeMs = lifetimeIn(token) ?? defaultLifetimeMs
  // A token that lives less than twice the margin is used for half its life.
  const margin = Math.min(marginMs, lifetimeMs / 2)
  return { renewAt: receivedAt + lifetimeMs - margin, expiresAt: receivedAt + lifetimeMs }
}

function lifetimeIn(token: string): number | undefined {
  try {
    const payload: unknown = JSON.parse(decodeBase64Url(token.split('.')[1] ?? ''))
    if (typeof payload !== 'object' || payload === null || !('exp' in payload) || !('iat' in payload)) return undefined
    const { exp, iat } = payload
    return typeof exp === 'number' && typeof iat === 'number' && exp > iat ? (exp - iat) * 1000 : undefined
  } catch {
    return undefined
  }
}

/** RFC 7515 §2; only ASCII members are read, so that bytes may stand for characters. */
function decodeBase64Url(text: string): string {
  return atob(text.replaceAll('-', '+').replaceAll('_', '/'))
}
