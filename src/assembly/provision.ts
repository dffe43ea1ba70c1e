import { assertionType } from '../../packages/assertion-contract/src/index.ts'
import { keyStoreOf } from '../assertion/key-store.ts'
import { createKeys } from '../assertion/keys.ts'
import { assertionClaims } from '../assertion/mint.ts'
import { redisCounter } from '../attempts/redis-counter.ts'
import { createTakeEvent } from '../auth0-events/take-event.ts'
import type { Config } from '../config/schema.ts'
import { secretFingerprints } from '../config/secret-fingerprints.ts'
import type { Condition } from '../endpoints/health/plugin.ts'
import { capabilitiesOf } from '../oidc/capabilities.ts'
import { createLoginMarkers } from '../oidc/login-marker.ts'
import { createProvider, type Provider } from '../oidc/provider.ts'
import type { RelyingParty } from '../oidc/relying-party.ts'
import { createTransactionCookies } from '../oidc/transaction-cookie.ts'
import { createUsedTransactions } from '../oidc/used-transactions.ts'
import { createLogoutTokenVerifier } from '../oidc/verify-logout-token.ts'
import type { Policy } from '../policy/policy.ts'
import { peerCounter } from '../process/workers/shared-counter.ts'
import { sharedKeyStore } from '../process/workers/shared-keys.ts'
import { sharedTransactions } from '../process/workers/shared-transactions.ts'
import { createRandomHex } from '../seal/random-hex.ts'
import { createSealer } from '../seal/sealer.ts'
import type { Session } from '../session/session.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { showRefreshes } from '../telemetry/refresh-metrics.ts'
import { provisionEvents } from './auth0-events.ts'
import { provisionCertificate } from './certificate.ts'
import type { Dependencies } from './dependencies.ts'
import { provisionMachines } from './machines.ts'
import { provisionGate } from './overload.ts'
import { claimNamesOf, provisionPolicy, provisionPassedGroups } from './policy.ts'
import { provisionRedis, redisCondition } from './redis.ts'
import { provisionOnce, provisionRevocation, revocationCondition } from './revocation.ts'
import { provisionRoleChanges } from './role-changes.ts'
import { provisionSessions, refreshCondition } from './sessions.ts'
import { provisionAssertions, provisionUpstreams, upstreamConditions } from './upstreams.ts'

export type { Dependencies } from './dependencies.ts'

export type Parts = Awaited<ReturnType<typeof provision>>

/** Makes what the stages need out of configuration: everything that reads files or opens anything happens here. */
export async function provision(config: Config, dependencies: Dependencies) {
  const { server, assertion } = config
  const { now, randomBytes, logger } = dependencies
  const { baseUrl, prefix } = server
  const provider = provisionProvider(config, dependencies)
  const redis = await provisionRedis(config, logger)
  const limits = { idleTimeoutMs: config.session.idleTimeout, absoluteTimeoutMs: config.session.absoluteTimeout }
  const policy = provisionPolicy(config)
  const revocation = provisionRevocation(config, dependencies, { redis, decide: policy.decide, limits })
  const { revocations, onSaved } = revocation
  await revocations.joined()
  const once = provisionOnce(dependencies, redis)
  const take = createTakeEvent({ issuer: config.auth0.issuer, revocations, once, now })
  const events = provisionEvents(config, dependencies, { redis, take })
  const keys = await createKeys({
    store: sharedKeyStore(dependencies.peers, 'assertion', keyStoreOf(assertion.keys)),
    rotateEveryMs: assertion.keys.rotateEvery,
    now,
    onRotated: (kid) => logger.info({ kid }, 'a new key signs assertions'),
    onFailure: (err) => logger.error({ err }, 'the signing key could not be rotated'),
  })
  const metrics = createMetrics()
  const machines = await provisionMachines(config, dependencies, policy.decide)
  const upstreams = provisionUpstreams(config, logger)
  const minting = {
    issuer: baseUrl,
    type: assertionType,
    claims: assertionClaims,
    lifetimeMs: assertion.lifetime,
    currentKey: () => keys.current(),
    now,
    randomId: () => randomBytes(16).toString('base64url'),
  }
  const withPassedGroups = provisionPassedGroups(config, logger, metrics)
  const statements = provisionAssertions(config, minting, machines.minterFor)
  const tellRoleChange = provisionRoleChanges(config, dependencies, { upstreams, statements, withPassedGroups })
  const onRightsChanged = (session: Session): void => void tellRoleChange(session)
  const shared = { provider, redis, revocations, onSaved, onRightsChanged }
  const sessions = await provisionSessions(config, dependencies, shared)
  showRefreshes(metrics.registry, sessions.counters)

  const gate = provisionGate(config, logger, metrics, upstreams)
  const certificate = await provisionCertificate(config, logger)

  return {
    certificate,
    gate,
    errors: { prefix, baseUrl, challenge: machines.challenge },
    attempts: {
      ...attemptsOf(config),
      counter: redis ? redisCounter(redis) : dependencies.peers && peerCounter(dependencies.peers),
    },
    audit: { write: dependencies.trail, now },
    boundary: {
      trustedProxies: server.trustedProxies,
      encodedSlashes: server.encodedSlashes,
      forwardAuthPath: `${prefix}/auth`,
      randomHex: createRandomHex(randomBytes),
    },
    session: sessions.stage,
    oidc: { party: relyingParty(config, dependencies, { provider, revocations, policy }) },
    backchannel: { party: { verify: logoutTokenVerifier(config, dependencies, provider), once, revocations, now } },
    events: { ...webhookOf(config), take },
    account: { logoutHref: `${prefix}/logout`, limits, tokenFacts: machines.tokenFacts },
    refreshes: sessions.counters,
    admin: {
      policy,
      claimNames: claimNamesOf(config),
      seen: revocation.seen,
      revocations,
      baseUrl,
      issuer: config.auth0.issuer,
      now,
    },
    bearer: machines.bearer,
    protectedResource: machines.protectedResource,
    jwks: { keys, path: '/jwks.json' },
    machineJwks: { keys: machines.keys, path: '/machines/jwks.json' },
    telemetry: { metrics },
    secrets: secretFingerprints(config),
    health: {
      conditions: () => [
        conditionOf(provider),
        refreshCondition(sessions.counters),
        ...(redis === undefined ? [] : [redisCondition(redis), revocationCondition(revocations)]),
        ...events.conditions(),
        ...machines.conditions(),
        ...upstreamConditions(upstreams),
      ],
    },
    policy: { policy, now },
    assertion: { statements, withPassedGroups },
    forwardAuth: { path: `${prefix}/auth`, publicOrigin: baseUrl },
    proxy: { gate, upstreams, publicOrigin: baseUrl, openConnections: revocation.openConnections },
    async close() {
      await events.close()
      await sessions.close()
      revocation.close()
      redis?.close()
      provider.close()
      keys.close()
      machines.close()
      gate.close()
      certificate?.close()
    },
  }
}

function webhookOf({ auth0: { events } }: Config) {
  const { tokens = [], tenant, stream } = events?.webhook ?? {}
  return { tokens: tokens.map((token) => token.reveal()), source: { tenant, stream } }
}

function attemptsOf({ server: { failedAttempts } }: Config) {
  return { max: failedAttempts.max, windowMs: failedAttempts.window }
}

function provisionProvider(config: Config, { fetch, logger }: Dependencies): Provider {
  const provider = createProvider({
    issuer: config.auth0.issuer,
    clientId: config.auth0.clientId,
    clientSecrets: config.auth0.clientSecrets.map((secret) => secret.reveal()),
    timeoutMs: config.auth0.timeout,
    fetch,
    onStatus(status, err) {
      if (status === 'ready') void tellCapabilities(provider, logger)
      else logger.error({ issuer: config.auth0.issuer, err }, 'the login service cannot be discovered; trying on')
    },
  })
  provider.start()
  return provider
}

async function tellCapabilities(provider: Provider, logger: Dependencies['logger']): Promise<void> {
  const metadata = await provider.metadata()
  const { issuer } = metadata
  logger.info({ issuer, capabilities: capabilitiesOf(metadata) }, 'the login service is discovered, and offers this')
}

function relyingParty(
  config: Config,
  { now, randomBytes, peers }: Dependencies,
  { policy, ...shared }: Pick<RelyingParty, 'provider' | 'revocations'> & { policy: Policy },
): RelyingParty {
  const { baseUrl, prefix } = config.server
  const { clientId, scopes, audience, organization, pushedAuthorization } = config.auth0
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
    claimNames: claimNamesOf(config),
    secondFactorFor: (principal, asked) => policy.secondFactorFor(principal, asked, now()),
    transactions: createTransactionCookies(isSecure(config), createSealer(secretsOf(config), 'transaction')),
    used: peers === undefined ? createUsedTransactions(now) : sharedTransactions(peers),
    markers: createLoginMarkers(isSecure(config)),
    randomBytes,
    now,
  }
}

function logoutTokenVerifier({ auth0 }: Config, { fetch, now }: Dependencies, provider: Provider) {
  const { clientId, timeout: timeoutMs } = auth0
  return createLogoutTokenVerifier({ provider, clientId, fetch: fetch as typeof globalThis.fetch, timeoutMs, now })
}

function conditionOf(provider: Provider): Condition {
  if (provider.status() === 'ready') return { name: 'auth0', status: 'ok' }
  return { name: 'auth0', status: 'degraded', reason: 'not discovered yet: nobody can sign in' }
}

function isSecure({ server }: Config): boolean {
  return server.baseUrl.startsWith('https:')
}

function secretsOf({ session }: Config): string[] {
  return session.secrets.map((secret) => secret.reveal())
}
