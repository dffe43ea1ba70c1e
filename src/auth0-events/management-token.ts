import {
  fetchManagementToken,
  type ManagementCredentials,
  tokenRefusalIn,
  type TokenRequestOptions,
} from '../oidc/client-credentials.ts'

export type ManagementClient = ManagementCredentials &
  Omit<TokenRequestOptions, 'tokenEndpoint'> & {
    /** Milliseconds since the epoch. */
    now: () => number
  }

/** Access tokens for the Management API, kept until shortly before they expire. */
export type ManagementTokens = {
  /** @throws Error with what Auth0 said */
  get(): Promise<string>
  /** After a 401: the next one is asked for anew. */
  drop(): void
}

const renewAheadMs = 60_000

export function createManagementTokens({ now, fetch, timeoutMs, ...client }: ManagementClient): ManagementTokens {
  let kept: { token: string; until: number } | undefined
  return {
    async get() {
      if (kept !== undefined && kept.until > now()) return kept.token
      const { token, lifetimeSeconds } = await fetchManagementToken(client, { fetch, timeoutMs }).catch(refused)
      kept = { token, until: now() + lifetimeSeconds * 1000 - renewAheadMs }
      return token
    },
    drop: () => void (kept = undefined),
  }
}

function refused(cause: unknown): never {
  const { status, error } = tokenRefusalIn(cause) ?? { status: 'no answer that can be used', error: '' }
  throw new Error(`no token for the Management API: ${status} ${error}`.trimEnd(), { cause })
}
