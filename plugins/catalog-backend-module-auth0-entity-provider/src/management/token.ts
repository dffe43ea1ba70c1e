import { z } from 'zod/v4'

export type Credentials = { issuer: string; audience: string; clientId: string; clientSecret: string }

export type TokenSource = {
  /** The access token, asked for when there is none or it is about to expire; one request at a time. */
  token: () => Promise<string>
  /** To be called when Auth0 refuses the token: the next call asks for a new one. */
  forget: () => void
}

/** A token is replaced so long before its expiry, in ms: clocks differ, and requests take time. */
const renewBeforeMs = 60_000
const timeoutMs = 30_000
const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() })
type TokenAnswer = z.infer<typeof tokenAnswer>

/** The machine-to-machine token for the Management API (RFC 6749 §4.4), kept until it is about to expire. */
export function createTokenSource(credentials: Credentials, nowMs: () => number = Date.now): TokenSource {
  let current: { answer: Promise<TokenAnswer>; renewAtMs: number } | undefined

  return {
    async token() {
      if (current === undefined || nowMs() >= current.renewAtMs) {
        current = { answer: requestToken(credentials), renewAtMs: Number.POSITIVE_INFINITY }
      }
      const mine = current
      try {
        const { access_token: token, expires_in: seconds } = await mine.answer
        if (mine.renewAtMs === Number.POSITIVE_INFINITY) mine.renewAtMs = nowMs() + seconds * 1000 - renewBeforeMs
        return token
      } catch (error) {
        if (current === mine) current = undefined
        throw error
      }
    },
    forget() {
      current = undefined
    },
  }
}

/** The token endpoint refused: `status` says whether a later try may succeed. */
export class TokenError extends Error {
  override name = 'TokenError'
  readonly status: number
  readonly headers: Headers

  constructor({ status, headers }: Response, text: string) {
    super(`Auth0 gave no token for the Management API (${status}): ${text.slice(0, 300)}`)
    this.status = status
    this.headers = headers
  }
}

async function requestToken({ issuer, audience, clientId, clientSecret }: Credentials): Promise<TokenAnswer> {
  const response = await fetch(`${issuer}oauth/token`, {
    method: 'POST',
    redirect: 'error',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      audience,
    }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  if (!response.ok) throw new TokenError(response, text)
  return tokenAnswer.parse(JSON.parse(text))
}
