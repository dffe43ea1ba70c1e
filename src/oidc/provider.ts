import { setTimeout as delay } from 'node:timers/promises'

import { importPKCS8 } from 'jose'
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  PrivateKeyJwt,
  type ServerMetadata,
} from 'openid-client'

import { GatewayError } from '../errors/gateway-error.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { checkAddresses } from './discovery.ts'
import { isClientRejected, outageIn } from './failures.ts'

type ProviderOptions = {
  issuer: string
  clientId: string
  /** The first is used, the next is the fallback while rotating. */
  clientSecrets: readonly string[]
  /** RSA keys as PKCS #8 PEM, for `private_key_jwt` (OIDC Core §9); they come before secrets. */
  privateKeys?: readonly string[]
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
/**
 * How often each of several credentials is tried. For up to 30 s after a secret was changed, each call to Auth0 may meet the
 * old secret or the new one, so that one round may be refused with both.
 */
const maxRounds = 4
const betweenRoundsMs = 250
const firstRetryMs = 500
const lastRetryMs = 30_000

/** The OpenID provider, discovered when first needed and found again by itself after an outage. */
export function createProvider(options: ProviderOptions) {
  const discovered = discoverUntilFound(options)
  /** The credential that worked last: while one is being replaced, the next call does not try the dead one first. */
  let preferred = 0

  /**
   * Makes one call as the client, with the next secret when the first is rejected, and around again. A `refresh` is given far
   * more time: cut off, it may have used up the refresh token without our getting the next one.
   * @throws STAGEDOOR_OIDC_UNAVAILABLE, STAGEDOOR_OIDC_CLIENT_REJECTED; other failures as openid-client throws them
   */
  async function call<T>(
    use: (configuration: Configuration) => Promise<T>,
    purpose: CallPurpose = 'login',
  ): Promise<T> {
    const all = (await discovered.get())[purpose]
    const first = preferred
    const tries = all.length === 1 ? 1 : maxRounds * all.length
    let rejection: unknown
    for (let count = 0; count < tries; count += 1) {
      if (count > 0 && count % all.length === 0) await delay(betweenRoundsMs)
      const index = (first + count) % all.length
      try {
        const result = await use(all[index] as Configuration)
        preferred = index
        return result
      } catch (error) {
        const outage = outageIn(error)
        if (outage !== undefined) throw new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { detail: outage, cause: error })
        if (!isClientRejected(error)) throw error
        rejection = error
      }
    }
    throw new GatewayError('STAGEDOOR_OIDC_CLIENT_REJECTED', { cause: rejection })
  }

  return {
    status: discovered.status,
    /** @throws STAGEDOOR_OIDC_UNAVAILABLE while it cannot be discovered */
    metadata: async (): Promise<ServerMetadata> =>
      ((await discovered.get()).login[0] as Configuration).serverMetadata(),
    call,
    /** Tries to discover now and again until it works. */
    start: discovered.start,
    close: () => discovered.close(),
  }
}

/** Discovers the provider once, when first needed or by `start`; a failure is tried again. */
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

/** All from one discovery document. */
async function discoverAll(options: ProviderOptions): Promise<Configurations> {
  const issuer = new URL(options.issuer)
  const fetch = boundedFetch(options.fetch)
  const found = await discovery(issuer, options.clientId, undefined, undefined, {
    execute: issuer.protocol === 'http:' ? [allowInsecureRequests] : [],
    [customFetch]: fetch,
    timeout: options.timeoutMs / 1000,
  })
  const metadata = found.serverMetadata()
  checkAddresses(metadata)
  const configure = (authentication: ClientAuth, timeoutMs: number): Configuration => {
    const configuration = new Configuration(metadata, options.clientId, undefined, authentication)
    configuration.timeout = timeoutMs / 1000
    configuration[customFetch] = fetch
    if (issuer.protocol === 'http:') allowInsecureRequests(configuration)
    return configuration
  }
  const credentials = await credentialsOf(options, metadata)
  const login = credentials.map((credential) => configure(credential, options.timeoutMs))
  login.forEach(enableNonRepudiationChecks)
  // Here TLS vouches for the ID token, not its signature (OIDC Core 3.1.3.7 item 6): a failure to fetch keys, after the
  // refresh token was used up, would lose the next one.
  return { login, refresh: credentials.map((credential) => configure(credential, refreshTimeoutMs)) }
}

async function credentialsOf(
  { privateKeys = [], clientSecrets }: ProviderOptions,
  metadata: ServerMetadata,
): Promise<ClientAuth[]> {
  const keys = await Promise.all(privateKeys.map((pem) => importPKCS8(pem, 'RS256')))
  return [
    ...keys.map((key) => PrivateKeyJwt(key)),
    ...clientSecrets.map((secret) => authenticationFor(metadata, secret)),
  ]
}

/** Auth0's regular web apps send the secret in the body; a provider that only takes Basic (RFC 6749 §2.3.1) gets that. */
function authenticationFor(metadata: ServerMetadata, secret: string): ClientAuth {
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return methods.includes('client_secret_post') ? ClientSecretPost(secret) : ClientSecretBasic(secret)
}
