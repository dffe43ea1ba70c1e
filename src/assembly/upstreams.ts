import { createMinter, type Minter, type MinterOptions } from '../assertion/minter.ts'
import type { AssertionOptions } from '../assertion/plugin.ts'
import { audienceOf, defaultUpstream } from '../config/default-upstream.ts'
import type { Config, UpstreamConfig } from '../config/schema.ts'
import type { Condition } from '../endpoints/health/plugin.ts'
import type { MachinePrincipal, UserPrincipal } from '../identity/principal.ts'
import { createUpstream, type Upstream } from '../proxy/upstream.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Opens the ways to the upstreams, by name. */
export function provisionUpstreams({ upstreams }: Config, logger: Logger): ReadonlyMap<string, Upstream> {
  return new Map(Object.entries(upstreams).map(([name, options]) => [name, openUpstream(name, options, logger)]))
}

function openUpstream(name: string, config: UpstreamConfig, logger: Logger): Upstream {
  const { urls, timeouts, health, tls, rewrite, coolDown, maxConnections, maxQueued, maxWait } = config
  return createUpstream({
    urls,
    maxConnections,
    maxWaiting: maxQueued,
    maxWaitMs: maxWait,
    connectTimeoutMs: timeouts.connect,
    headersTimeoutMs: timeouts.headers,
    handshakeTimeoutMs: timeouts.upgrade,
    coolDownMs: coolDown,
    probe: health && { path: health.path, everyMs: health.every, timeoutMs: health.timeout },
    tls: tls && { ...tls, key: tls.key?.reveal() },
    rewrite,
    onChange(url, err) {
      if (err === undefined) logger.info({ upstream: name, url }, 'the upstream answers again')
      else logger.warn({ upstream: name, url, err }, 'the upstream does not answer')
    },
  })
}

/** What each upstream is told of callers: assertions for its own audience, in the headers that it asked for. */
export function provisionAssertions(
  config: Config,
  minting: Omit<MinterOptions<UserPrincipal>, 'audienceFor'>,
  machineMinterFor: (audience?: string) => Minter<MachinePrincipal>,
): AssertionOptions['statements'] {
  const backstage = defaultUpstream(config.upstreams)
  const statements = Object.entries(config.upstreams).map(([name, { assertion }]) => {
    const audience = audienceOf(name, config)
    const minter = createMinter({ ...minting, audienceFor: () => audience })
    // Another audience than for people, so that neither token is taken for the other.
    const machineMinter = machineMinterFor(name === backstage ? undefined : `${audience}-machine`)
    return [name, { minter, machineMinter, kinds: assertion?.headers ?? config.assertion.headers }] as const
  })
  return new Map(statements)
}

/** Degraded, not unavailable: what else the gateway does goes on, and what is public here names no address. */
export function upstreamConditions(upstreams: ReadonlyMap<string, Upstream>): Condition[] {
  return [...upstreams].map(([name, upstream]): Condition => {
    const { addresses, failing } = upstream.condition()
    if (failing === 0) return { name: `upstream:${name}`, status: 'ok' }
    return { name: `upstream:${name}`, status: 'degraded', reason: `${failing} of ${addresses} addresses fail` }
  })
}
