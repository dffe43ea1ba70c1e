import type { CustomFetch } from 'openid-client'

export type ManagementClient = {
  /** Ends in a slash. */
  issuer: string
  clientId: string
  clientSecret: string
  /** Identifier of the Management API: always of the tenant's own domain, also behind a custom one. */
  audience: string
  fetch: CustomFetch
  timeoutMs: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Access tokens for the Management API (RFC 6749 §4.4), kept until shortly before they expire. */
export type ManagementTokens = {
  /** @throws Error with what Auth0 said */
  get(): Promise<string>
  /** After a 401: the next one is asked for anew. */
  drop(): void
}

const renewAheadMs = 60_000

export function createManagementTokens(client: ManagementClient): ManagementTokens {
  let kept: { token: string; until: number } | undefined
  return {
    async get() {
      if (kept !== undefined && kept.until > client.now()) return kept.token
      const { token, lifetimeSeconds } = await requestToken(client)
      kept = { token, until: client.now() + lifetimeSeconds * 1000 - renewAheadMs }
      return token
    },
    drop: () => void (kept = undefined),
  }
}

async function requestToken({ issuer, clientId, clientSecret, audience, fetch, timeoutMs }: ManagementClient) {
  const response = await fetch(`${issuer}oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      audience,
    }),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  })
  const body: unknown = await response.json().catch(() => undefined)
  const { access_token: token, expires_in: lifetimeSeconds = 0, error } = recordOf(body)
  if (response.status === 200 && typeof token === 'string') return { token, lifetimeSeconds: Number(lifetimeSeconds) }
  throw new Error(
    `no token for the Management API: ${response.status} ${typeof error === 'string' ? error : 'without a reason'}`,
  )
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return value instanceof Object ? (value as Record<string, unknown>) : {}
}
