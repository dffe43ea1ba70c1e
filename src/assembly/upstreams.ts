import type { Config, UpstreamConfig } from '../config/schema.ts'
import { counted } from '../config/values/quantities.ts'
import { createUpstream, type Upstream, type UpstreamOptions } from '../proxy/upstream-connections.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Holding } from './kept-across-reloads.ts'

/** The connections of each upstream, by its name. */
export function provisionUpstreams(
  { upstreams }: Config,
  logger: Logger,
  holding: Holding,
): ReadonlyMap<string, Upstream> {
  const open = ([name, options]: [string, UpstreamConfig]): [string, Upstream] => [
    name,
    holding.part({
      name: `upstream ${name}`,
      settings: options,
      make: () => openUpstream(name, options, logger),
      close: (upstream) => upstream.close(),
      isNeededByRequests: true,
    }),
  ]
  return new Map(Object.entries(upstreams).map(open))
}

function openUpstream(name: string, config: UpstreamConfig, logger: Logger): Upstream {
  return createUpstream({
    ...upstreamOptions(config),
    onChange(url, err) {
      if (err === undefined) logger.info({ upstream: name, url }, 'the upstream answers again')
      else logger.warn({ upstream: name, url, err }, 'the upstream does not answer')
    },
  })
}

/** Translates configuration into the options of the proxy, whose names carry units. */
export function upstreamOptions(config: UpstreamConfig): UpstreamOptions {
  const { urls, timeouts, health, tls, rewrite, coolDown, maxConnections, maxStreams, maxHeaderBytes } = config
  return {
    urls,
    maxConnections,
    maxStreams,
    maxWaiting: config.maxQueued,
    maxWaitMs: config.maxWait,
    connectTimeoutMs: timeouts.connect,
    headersTimeoutMs: timeouts.headers,
    handshakeTimeoutMs: timeouts.upgrade,
    coolDownMs: coolDown,
    maxHeaderBytes,
    probe: health && { path: health.path, everyMs: health.every, timeoutMs: health.timeout },
    tls: tls && { ...tls, key: tls.key?.reveal() },
    rewrite,
  }
}

/** Degraded, not unavailable: other upstreams still answer. Probes are public, so the reason names no address. */
export function upstreamConditions(upstreams: ReadonlyMap<string, Upstream>): Condition[] {
  return [...upstreams].map(([name, upstream]) => {
    const { addresses, failing } = upstream.condition()
    return condition(
      `upstream:${name}`,
      failing === 0 ? undefined : `${failing} of ${counted(addresses, 'address fails', 'addresses fail')}`,
    )
  })
}
