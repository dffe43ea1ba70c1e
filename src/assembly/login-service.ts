import { isSecure, sessionSecrets } from '../config/derived-settings.ts'
import type { Config } from '../config/schema.ts'
import type { BackchannelParty } from '../oidc/backchannel-logout.ts'
import type { OnUnusable } from '../oidc/claim-values.ts'
import { capabilitiesOf } from '../oidc/discovery.ts'
import { createLoginMarkers } from '../oidc/login-marker.ts'
import { createLogoutTokenVerifier } from '../oidc/logout-token.ts'
import { createProvider, type Provider } from '../oidc/provider.ts'
import type { RelyingParty } from '../oidc/relying-party.ts'
import { createTransactionCookies } from '../oidc/transaction-cookies.ts'
import type { Policy } from '../policy/policy.ts'
import type { Revocations } from '../revocation/revocations.ts'
import type { SingleUse } from '../revocation/single-use.ts'
import { createSealer } from '../seal/sealer.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'
import { claimNamesOf } from './policy.ts'

/** Discovers the login service in the background, so that the gateway starts even while it is down. */
export function provisionProvider(config: Config, dependencies: Dependencies, holding: Holding): Provider {
  const { issuer, clientId, clientSecrets, privateKeys, timeout, tls } = config.auth0
  return holding.part({
    name: 'login service',
    settings: [issuer, clientId, clientSecrets, privateKeys, timeout, tls],
    make: () => openProvider(config, dependencies),
    close: (provider) => provider.close(),
  })
}

function openProvider({ auth0 }: Config, { fetch, logger }: Dependencies): Provider {
  const { issuer, clientId, timeout: timeoutMs } = auth0
  const provider = createProvider({
    issuer,
    clientId,
    clientSecrets: auth0.clientSecrets.map((secret) => secret.reveal()),
    privateKeys: auth0.privateKeys.map((key) => key.reveal()),
    timeoutMs,
    fetch,
    onStatus(status, err) {
      if (status === 'ready') void logCapabilities(provider, logger)
      else logger.error({ issuer, err }, 'the login service cannot be discovered; will retry')
    },
  })
  provider.start()
  return provider
}

async function logCapabilities(provider: Provider, logger: Dependencies['logger']): Promise<void> {
  const metadata = await provider.metadata()
  const { issuer } = metadata
  logger.info({ issuer, capabilities: capabilitiesOf(metadata) }, 'the login service was discovered')
}

export function providerCondition(provider: Provider): Condition {
  return condition('auth0', provider.status() === 'ready' ? undefined : 'not discovered yet: new logins fail')
}

/** Builds the relying party that login, callback and logout use. */
export function relyingParty(
  config: Config,
  { now, randomBytes }: Dependencies,
  {
    policy,
    onUnusable,
    ...shared
  }: Pick<RelyingParty, 'provider' | 'revocations' | 'used'> & {
    policy: Policy
    onUnusable: OnUnusable
  },
): RelyingParty {
  const { baseUrl, prefix } = config.server
  const { clientId, scopes, audience, organization, pushedAuthorization, prompt } = config.auth0
  const isHttps = isSecure(config)
  return {
    ...shared,
    clientId,
    baseUrl,
    prefix,
    redirectUri: `${baseUrl}${prefix}/callback`,
    signedOutUri: `${baseUrl}${prefix}/signed-out`,
    scopes,
    audience,
    organization,
    pushedAuthorization,
    prompt,
    claimNames: { ...claimNamesOf(config), onUnusable },
    secondFactorFor: (principal, asked) =>
      `${asked.path}/`.startsWith(`${prefix}/admin/`)
        ? policy.adminSecondFactorFor(principal, now())
        : policy.secondFactorFor(principal, asked, now()),
    transactions: createTransactionCookies(isHttps, {
      cookie: createSealer(sessionSecrets(config), 'transaction'),
      state: createSealer(sessionSecrets(config), 'login state'),
    }),
    markers: createLoginMarkers(isHttps),
    randomBytes,
    now,
  }
}

/** Builds the party that handles back-channel logout. */
export function backchannelParty(
  { auth0 }: Config,
  { fetch, now }: Dependencies,
  { provider, singleUse, revocations }: { provider: Provider; singleUse: SingleUse; revocations: Revocations },
): BackchannelParty {
  const { clientId, timeout: timeoutMs, typedLogoutTokens: isTypeRequired } = auth0
  const verify = createLogoutTokenVerifier({
    provider,
    clientId,
    isTypeRequired,
    fetch: fetch as typeof globalThis.fetch,
    timeoutMs,
    now,
  })
  return { verify, singleUse, revocations, now }
}
