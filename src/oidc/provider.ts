import {
  allowInsecureRequests,
  type ClientAuth,
  Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type ServerMetadata,
} from 'openid-client'

import { GatewayError } from '../errors/gateway-error.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { clientAuthentications, type Credentials } from './client-authentication.ts'
import { checkAddresses, checkIssuer } from './discovery.ts'
import { tryCredentials } from './try-credentials.ts'

type ProviderOptions = Credentials & {
  issuer: string
  clientId: string
  timeoutMs: number
  fetch: CustomFetch
  /** Called when discovery starts to fail, and when it works again. */
  onStatus?: (status: ProviderStatus, cause?: unknown) => void
}

type ProviderStatus = 'unknown' | 'ready' | 'unreachable'

export type Provider = ReturnType<typeof createProvider>

type CallPurpose = 'login' | 'refresh'

/** One configuration for each credential and purpose. */
type Configurations = Record<CallPurpose, Configuration[]>

const refreshTimeoutMs = 60_000
const firstRetryMs = 500
const lastRetryMs = 30_000

/** The OpenID provider. It is discovered when first needed; a failed discovery is retried. */
export function createProvider(options: ProviderOptions) {
  const discovered = discoverUntilFound(options)
  const credentials = { preferred: 0 }

  /**
   * Makes one call with the client's credentials (`try-credentials.ts`). A `refresh` gets a much longer timeout: if it is cut off,
   * the refresh token may have been used up without an answer that contains the next one.
   * @throws STAGEDOOR_OIDC_UNAVAILABLE, STAGEDOOR_OIDC_CLIENT_REJECTED; other failures as openid-client throws them
   */
  async function call<T>(
    use: (configuration: Configuration) => Promise<T>,
    purpose: CallPurpose = 'login',
  ): Promise<T> {
    return tryCredentials((await discovered.get())[purpose], credentials, use)
  }

  return {
    status: discovered.status,
    /** @throws STAGEDOOR_OIDC_UNAVAILABLE while it cannot be discovered */
    metadata: async (): Promise<ServerMetadata> =>
      ((await discovered.get()).login[0] as Configuration).serverMetadata(),
    call,
    /** Starts discovery, and retries it until it succeeds. */
    start: discovered.start,
    close: () => discovered.close(),
  }
}

/** Discovers the provider once, when first needed or at `start`. A failed discovery is retried. */
function discoverUntilFound(options: ProviderOptions) {
  let status: ProviderStatus = 'unknown'
  let configurations: Configurations | undefined
  let inFlight: Promise<Configurations> | undefined
  let retry: NodeJS.Timeout | undefined
  let isClosed = false

  function get(): Promise<Configurations> {
    if (configurations !== undefined) return Promise.resolve(configurations)
    inFlight ??= discoverAll(options)
      .then((found) => {
        configurations = found
        setStatus('ready')
        return found
      })
      .catch((cause: unknown) => {
        setStatus('unreachable', cause)
        throw new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { detail: `discovery of ${options.issuer} failed`, cause })
      })
      .finally(() => (inFlight = undefined))
    return inFlight
  }

  function setStatus(next: ProviderStatus, cause?: unknown): void {
    if (next !== status) options.onStatus?.(next, cause)
    status = next
  }

  function keepTrying(delayMs: number): void {
    get().catch(() => {
      if (isClosed) return
      retry = setTimeout(keepTrying, delayMs, Math.min(delayMs * 2, lastRetryMs))
      retry.unref()
    })
  }

  return {
    get,
    status: () => status,
    start: () => keepTrying(firstRetryMs),
    close() {
      isClosed = true
      clearTimeout(retry)
    },
  }
}

/** Builds all configurations from one discovery document. */
async function discoverAll(options: ProviderOptions): Promise<Configurations> {
  const issuer = new URL(options.issuer)
  const fetch = boundedFetch(options.fetch)
  const found = await discovery(issuer, options.clientId, undefined, undefined, {
    execute: issuer.protocol === 'http:' ? [allowInsecureRequests] : [],
    [customFetch]: fetch,
    timeout: options.timeoutMs / 1000,
  })
  const metadata = found.serverMetadata()
  checkIssuer(metadata, options.issuer)
  checkAddresses(metadata)
  const configure = (authentication: ClientAuth, timeoutMs: number): Configuration => {
    const configuration = new Configuration(metadata, options.clientId, undefined, authentication)
    configuration.timeout = timeoutMs / 1000
    configuration[customFetch] = fetch
    if (issuer.protocol === 'http:') allowInsecureRequests(configuration)
    return configuration
  }
  const credentials = await clientAuthentications(options, metadata)
  const login = credentials.map((credential) => configure(credential, options.timeoutMs))
  login.forEach(enableNonRepudiationChecks)
  // For a refresh, TLS authenticates the ID token, not its signature (OIDC Core §3.1.3.7 item 6). Otherwise a failure to fetch
  // keys, after the refresh token has been used up, would lose the next refresh token.
  return { login, refresh: credentials.map((credential) => configure(credential, refreshTimeoutMs)) }
}
