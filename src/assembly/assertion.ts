// This folder: turns configuration into what the stages need.

import { assertionType } from '../../packages/assertion-contract/src/index.ts'
import { createFileKeyStore, createMemoryKeyStore, type KeyStore } from '../assertion/key-store.ts'
import { Keys } from '../assertion/keys.ts'
import { createMinter, type Minter } from '../assertion/minter.ts'
import { createGroupFilter, createPassedGroups, type WithPassedGroups } from '../assertion/passed-groups.ts'
import type { AssertionOptions, Statement } from '../assertion/plugin.ts'
import { createRedisKeyStore } from '../assertion/redis-key-store.ts'
import { assertionClaims } from '../assertion/user-claims.ts'
import type { Trail } from '../audit/trail.ts'
import { audienceOf, defaultUpstream, sessionSecrets } from '../config/derived-settings.ts'
import type { Config } from '../config/schema.ts'
import type { MachinePrincipal, UserPrincipal } from '../identity/principal.ts'
import type { Redis } from '../redis/redis.ts'
import type { RandomBytes } from '../seal/random.ts'
import { createSealer } from '../seal/sealer.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'

/** The configuration sections that name signing keys. Each has a store of its own. */
type KeySection = 'assertion' | 'machines' | 'audit'
type KeyPurpose = Exclude<KeySection, 'audit'>
type KeySurroundings = Pick<Dependencies, 'logger' | 'now' | 'randomBytes'> & { trail: Pick<Trail, 'write'> }

/** @param purpose names the keys in the log and in Redis */
export function provisionKeys(
  purpose: KeyPurpose,
  config: Config,
  surroundings: KeySurroundings,
  redis: Redis | undefined,
  holding: Holding,
): Promise<Keys> {
  const kept = holding.part({ name: `${purpose} key store`, make: createKeptStore })
  const store = keyStoreFor(purpose, config, surroundings.randomBytes, redis) ?? kept.memory
  holding.onInForce(() => void (kept.latest = store))
  return holding.part({
    name: `${purpose} keys`,
    ...foundationOfKeys(purpose, config, redis),
    async make() {
      await takeOver(kept.latest, store)
      return openKeys(purpose, config, surroundings, store)
    },
    close: (keys) => keys.close(),
  })
}

type KeptStore = { memory: KeyStore; latest: KeyStore | undefined }

const createKeptStore = (): KeptStore => ({ memory: createMemoryKeyStore(), latest: undefined })

/** Copies the keys in use into an empty store, so that tokens they signed stay valid. */
async function takeOver(former: KeyStore | undefined, store: KeyStore): Promise<void> {
  const ring = former === undefined || former === store ? undefined : await former.read()
  if (ring === undefined) return
  const seed = async (): Promise<void> => {
    if ((await store.read()) === undefined) await store.write(ring)
  }
  await (store.shared?.alone(seed) ?? seed())
}

function openKeys(
  purpose: KeyPurpose,
  config: Config,
  { logger, now, trail }: KeySurroundings,
  store: KeyStore,
): Promise<Keys> {
  return Keys.open({
    store,
    rotateEveryMs: config[purpose].keys.rotateEvery,
    now,
    onRotated(kid) {
      logger.info({ kid, keys: purpose }, 'a new signing key is in use')
      trail.write({ event: 'key', change: { what: purpose, action: 'rotated', id: kid } })
    },
    onFailure: (err) => logger.error({ err, keys: purpose }, 'the signing key could not be rotated'),
  })
}

/** The settings and parts that the keys of a section depend on. The keys are opened again when one of them changes. */
export function foundationOfKeys(section: KeySection, config: Config, redis: Redis | undefined) {
  const { keys } = config[section]
  return keys.store === 'redis' ? { settings: [keys, config.session.secrets], uses: [redis] } : { settings: keys }
}

/** The store of a section's keys; undefined when the process keeps them in memory. */
export function keyStoreFor(
  section: KeySection,
  config: Config,
  randomBytes: RandomBytes,
  redis: Redis | undefined,
): KeyStore | undefined {
  const { store, path } = config[section].keys
  if (store === 'memory') return undefined
  if (store === 'file' && path !== undefined) return createFileKeyStore(path)
  if (redis === undefined) throw new TypeError(`${section}.keys.store is redis, and there is no session.redis`)
  const sealer = createSealer(sessionSecrets(config), `keys ${section}`)
  return createRedisKeyStore({ redis, sealer, name: section, randomBytes })
}

/**
 * Degraded while keys are unread or overdue for rotation. Only keys in Redis can be unread: others are read before the process serves.
 * @param without the consequence of missing keys
 */
export function keysCondition(name: string, keys: Pick<Keys, 'isReady' | 'isOverdue'>, without: string): Condition {
  if (!keys.isReady()) return condition(name, `keys are not read from Redis yet: ${without}`)
  const trouble = 'the next key could not be stored, see the log; the current key stays in use'
  return condition(name, keys.isOverdue() ? trouble : undefined)
}

export const createTokenIds = (randomBytes: RandomBytes) => (): string => randomBytes(16).toString('base64url')

type AssertionParts = {
  keys: Keys
  machineMinterFor: (audience?: string) => Minter<MachinePrincipal>
  metrics: Metrics
}

/** Makes the minters of each upstream, with its own audience, and the headers that it gets. */
export function provisionAssertion(
  config: Config,
  { logger, now, randomBytes }: Dependencies,
  { keys, machineMinterFor, metrics }: AssertionParts,
): AssertionOptions {
  const minting = {
    issuer: config.server.baseUrl,
    type: assertionType,
    claims: assertionClaims,
    lifetimeMs: config.assertion.lifetime,
    currentKey: () => keys.current(),
    now,
    randomId: createTokenIds(randomBytes),
  }
  const backstage = defaultUpstream(config.upstreams)
  const statements = Object.entries(config.upstreams).map(([name, { assertion }]): [string, Statement] => {
    const audience = audienceOf(name, config)
    const minter = createMinter<UserPrincipal>({ ...minting, audienceFor: () => audience })
    // Machines get a different audience from users, so that neither token passes for the other.
    const machineMinter = machineMinterFor(name === backstage ? undefined : `${audience}-machine`)
    return [name, { minter, machineMinter, kinds: assertion?.headers ?? config.assertion.headers }]
  })
  return { statements: new Map(statements), withPassedGroups: passedGroups(config, logger, metrics) }
}

/** Limits a user's groups to those that upstreams get, and counts the groups that are left out. */
function passedGroups({ assertion }: Config, logger: Logger, metrics: Metrics): WithPassedGroups {
  return createPassedGroups(createGroupFilter(assertion.groups), ({ filtered, capped }, { sessionId }) => {
    metrics.groupsLeftOut(filtered, capped)
    const level = capped > 0 ? 'warn' : 'debug'
    logger[level]({ session: sessionId, filtered, capped }, 'assertions leave out groups (assertion.groups)')
  })
}
