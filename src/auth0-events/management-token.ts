import {
  fetchManagementToken,
  type ManagementCredentials,
  tokenRefusalIn,
  type TokenRequestOptions,
} from '../oidc/client-credentials-grant.ts'

type ManagementClient = ManagementCredentials &
  Omit<TokenRequestOptions, 'tokenEndpoint'> & {
    /** Milliseconds since the epoch. */
    now: () => number
  }

const renewAheadMs = 60_000

export type ManagementTokens = ReturnType<typeof createManagementTokens>

/** Fetches access tokens for the Management API, and caches each until shortly before it expires. */
export function createManagementTokens({ now, fetch, timeoutMs, ...client }: ManagementClient) {
  let kept: { token: string; until: number } | undefined
  return {
    /** @throws Error with Auth0's status and error code */
    async get(): Promise<string> {
      if (kept !== undefined && kept.until > now()) return kept.token
      const { token, lifetimeSeconds } = await fetchManagementToken(client, { fetch, timeoutMs }).catch(refused)
      kept = { token, until: now() + lifetimeSeconds * 1000 - renewAheadMs }
      return token
    },
    /** Discards the cached token after a 401, so that the next call fetches a new one. */
    drop: () => void (kept = undefined),
  }
}

function refused(cause: unknown): never {
  const { status, error } = tokenRefusalIn(cause) ?? { status: 'no usable answer', error: '' }
  throw new Error(`no token for the Management API: ${status} ${error}`.trimEnd(), { cause })
}
