import { settingsFingerprint } from '../config/fingerprints.ts'
import type { Config } from '../config/schema.ts'
import type { Redis } from '../redis/redis.ts'
import { parseNode, type RedisSettings } from '../redis/settings.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Holding } from './kept-across-reloads.ts'

type RedisConfig = NonNullable<Config['session']['redis']>

/** The only Redis client of the process, if Redis is configured. It may still be connecting. After a reload it takes over the new settings. */
export async function provisionRedis(
  { session }: Config,
  logger: Logger,
  holding: Holding,
): Promise<Redis | undefined> {
  if (session.redis === undefined) return undefined
  const settings = redisSettings(session.redis)
  const described = settingsFingerprint(settings)
  const opened = await holding.part({
    name: 'redis',
    // Keys have different names in a cluster, so that only this change needs a new client.
    settings: settings.topology.kind === 'cluster',
    make: async () => ({ redis: await openRedis(settings, logger), described }),
    close: ({ redis }) => redis.close(),
    isNeededByRequests: true,
  })
  const { redis } = opened
  if (opened.described !== described && redis.isReady()) await tryRedis(settings)
  holding.onInForce(() => {
    if (opened.described === described) return
    opened.described = described
    redis.use(settings)
  })
  return redis
}

/** @throws Error whose cause says why Redis cannot be reached */
export async function tryRedis(settings: RedisSettings): Promise<void> {
  const { tryToConnect } = await import('../redis/redis.ts')
  await tryToConnect(settings).catch((cause: unknown) => {
    throw new Error('Redis cannot be reached with the settings of session.redis', { cause })
  })
}

/** Waits for the first attempt to connect. If it fails, the client keeps trying. */
async function openRedis(settings: RedisSettings, logger: Logger): Promise<Redis> {
  // The client takes 20 MiB of memory, so it is loaded only if Redis is configured.
  const connection = await import('../redis/redis.ts')
  const redis = new connection.Redis(settings)
  redis.events.on('ready', () => logger.info('connected to Redis'))
  redis.events.on('lost', (err) => logger.error({ err }, 'Redis cannot be reached; will retry'))
  redis.events.on('refusing', (reason) => {
    if (reason === undefined) logger.info('Redis takes writes again')
    else logger.error({ reason }, 'Redis refuses writes: existing sessions work, new logins fail')
  })
  await redis.attempted()
  return redis
}

/** Translates the configuration into settings of the connection. */
export function redisSettings({ url, sentinel, cluster, ...options }: RedisConfig): RedisSettings {
  const { username, password, database, node } = url === undefined ? {} : partsOf(url.reveal())
  return {
    topology: topologyOf({ sentinel, cluster }) ?? { kind: 'single', node: node ?? parseNode('redis://localhost') },
    username: options.username ?? username,
    password: options.password?.reveal() ?? password,
    database,
    tls: options.tls && { ...options.tls, key: options.tls.key?.reveal() },
    timeoutMs: options.timeout,
  }
}

function topologyOf({ sentinel, cluster }: Pick<RedisConfig, 'sentinel' | 'cluster'>) {
  if (sentinel !== undefined) {
    return { kind: 'sentinel' as const, primary: sentinel.primary, nodes: sentinel.nodes.map(parseNode) }
  }
  return cluster && { kind: 'cluster' as const, nodes: cluster.nodes.map(parseNode) }
}

/** `redis://user:password@host:port/database` (the IANA registration of the scheme). */
function partsOf(text: string) {
  const { username, password, pathname } = new URL(text)
  const database = pathname.slice(1)
  return {
    node: parseNode(text),
    username: decoded(username),
    password: decoded(password),
    database: database === '' ? undefined : Number(database),
  }
}

function decoded(part: string): string | undefined {
  return part === '' ? undefined : decodeURIComponent(part)
}

export function redisCondition(redis: Redis): Condition {
  if (!redis.isReady())
    return condition('redis', 'Redis cannot be reached: only sessions in the memory of this process work')
  const refusal = redis.refusal()
  return condition('redis', refusal && `refuses writes (${refusal}): existing sessions work, logins get 503`)
}
