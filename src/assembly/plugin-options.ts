import { sessionLimits } from '../config/derived-settings.ts'
import { shownOptions, printable } from '../config/effective.ts'
import { secretFingerprints } from '../config/fingerprints.ts'
import type { Config } from '../config/schema.ts'
import { accountEntriesOf } from '../policy/account-entries.ts'
import { webhookOf } from './auth0-events.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'
import { backchannelParty, relyingParty } from './login-service.ts'
import { makeParts, type MadeParts } from './make-parts.ts'
import { claimNamesOf, createIsPortalOpen } from './policy.ts'
import { conditionsOf } from './readiness.ts'
import { requestLineOf } from './telemetry.ts'

/** The options of every plugin that `app.ts` registers, by the name of the plugin. */
export type Parts = Awaited<ReturnType<typeof prepareParts>>

/**
 * Turns configuration into what the stages need. Everything that reads files, opens connections or starts timers begins here.
 * @param holding the parts of this configuration; it reuses unchanged parts of earlier ones, which stay as they are until this one takes effect
 */
export async function prepareParts(config: Config, dependencies: Dependencies, holding: Holding) {
  const opened = await makeParts(config, dependencies, holding)
  return {
    ...pathOptions(config, dependencies, opened),
    ...endpointOptions(config, dependencies, opened),
    ...aroundOptions(config, dependencies, opened),
    certificate: opened.certificate,
    overload: opened.overload,
    upgrades: opened.upgrades,
    lastReload: opened.lastReload,
    shutdown: opened.shutdown,
    refreshes: opened.figures.counters,
    secrets: secretFingerprints(config),
    holding,
    close: () => holding.release(),
  }
}

/** Options of the stages, in the order of the request path. */
function pathOptions({ auth0, server, session }: Config, { now, randomBytes }: Dependencies, opened: MadeParts) {
  const { sessions, machines, policy, assertion, upgrades, upstreams, revocation } = opened
  const { baseUrl: publicOrigin, prefix, trustedProxies, passProxyHeaders } = server
  const forwardAuthPath = `${prefix}/auth`
  return {
    boundary: {
      trustedProxies,
      passProxyHeaders: new Set(passProxyHeaders),
      transportSecurity: transportSecurity(server),
      prefix,
      loopMark: publicOrigin,
      forwardAuthPath,
      probePath: `${prefix}/health/`,
      randomBytes,
    },
    session: { ...sessions, issuer: auth0.issuer, publicOrigin, otherOrigins: session.otherOrigins },
    bearer: machines.bearer,
    policy: { policy, now },
    assertion,
    forwardAuth: { path: forwardAuthPath, publicOrigin },
    proxy: {
      upgrades,
      upstreams,
      publicOrigin,
      openConnections: revocation.openConnections,
      transferTimeoutMs: server.timeouts.transfer,
    },
  }
}

function transportSecurity({ tls }: Config['server']): string | undefined {
  if (tls?.hsts === undefined) return undefined
  const { maxAge, includeSubDomains } = tls.hsts
  return `max-age=${Math.floor(maxAge / 1000)}${includeSubDomains ? '; includeSubDomains' : ''}`
}

/** Options of the endpoints under the prefix. */
function endpointOptions(config: Config, dependencies: Dependencies, opened: MadeParts) {
  const { audit, provider, policy, revocation, machines, keys, singleUse, taking, used } = opened
  const { onUnusable } = opened
  const { seen, revocations } = revocation
  const { baseUrl, prefix } = config.server
  const { issuer } = config.auth0
  return {
    oidc: {
      party: relyingParty(config, dependencies, { provider, revocations, policy, used, onUnusable }),
    },
    backchannel: { party: backchannelParty(config, dependencies, { provider, singleUse, revocations }) },
    events: { ...webhookOf(config), take: taking.take },
    account: {
      ownPrefix: prefix,
      baseUrl,
      limits: sessionLimits(config),
      tokenFacts: machines.tokenFacts,
      entries: accountEntriesOf(config),
      policy,
      sessions: { seen, revocations },
      now: dependencies.now,
    },
    admin: {
      base: `${prefix}/admin`,
      recent: audit.recent,
      examine: audit.examine,
      conditions: () => conditionsOf(opened),
      configuration: () => ({ configuration: printable(config), options: shownOptions(config, dependencies.origins) }),
      policy,
      claimNames: claimNamesOf(config),
      keys: new Map([
        ['assertion', keys],
        ['machine', machines.keys],
      ]),
      seen,
      revocations,
      openConnections: revocation.openConnections,
      baseUrl,
      issuer,
      now: dependencies.now,
    },
    protectedResource: machines.protectedResource,
    jwks: { keys, path: '/jwks.json' },
    machineJwks: { keys: machines.keys, path: '/machines/jwks.json' },
    auditJwks: audit.jwks,
    health: { conditions: () => conditionsOf(opened) },
  }
}

/** Options of the plugins that every request passes: pages, errors, limits, audit and telemetry. */
function aroundOptions(config: Config, dependencies: Dependencies, opened: MadeParts) {
  const { server, auth0, pages } = config
  const { now } = dependencies
  const { audit, machines, metrics, counter, tracing, policy } = opened
  const { prefix, baseUrl, failedAttempts } = server
  return {
    pages: { look: pages },
    errors: {
      prefix,
      baseUrl,
      providerOrigin: new URL(auth0.issuer).origin,
      challenge: machines.challenge,
      isPortalOpen: createIsPortalOpen(policy, now),
    },
    failureLimit: { max: failedAttempts.max, windowMs: failedAttempts.window, counter },
    audit: audit.stage,
    requestLine: requestLineOf(config, dependencies),
    telemetry: { metrics },
    tracing: { tracing },
  }
}
