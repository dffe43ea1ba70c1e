import { assertionType } from '../../packages/assertion-contract/src/index.ts'
import { createGroupFilter } from '../assertion/group-filter.ts'
import { keyStoreOf } from '../assertion/key-store.ts'
import { createKeys, type Keys } from '../assertion/keys.ts'
import { assertionClaims } from '../assertion/mint.ts'
import { createMinter, type Minter } from '../assertion/minter.ts'
import { createPassedGroups, type WithPassedGroups } from '../assertion/passed-groups.ts'
import type { AssertionOptions, Statement } from '../assertion/plugin.ts'
import type { Trail } from '../audit/trail.ts'
import { audienceOf, defaultUpstream } from '../config/default-upstream.ts'
import type { Config } from '../config/schema.ts'
import type { MachinePrincipal, UserPrincipal } from '../identity/principal.ts'
import { sharedKeyStore } from '../process/workers/shared-keys.ts'
import type { RandomBytes } from '../seal/random.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Dependencies } from './dependencies.ts'

type KeySurroundings = Pick<Dependencies, 'logger' | 'now' | 'peers'> & { trail: Pick<Trail, 'write'> }

/** @param name `assertion` or `machines`: whose keys these are, for the log and among workers */
export function provisionKeys(
  name: 'assertion' | 'machines',
  { keys }: Config['assertion' | 'machines'],
  { logger, now, peers, trail }: KeySurroundings,
): Promise<Keys> {
  return createKeys({
    store: sharedKeyStore(peers, name, keyStoreOf(keys)),
    rotateEveryMs: keys.rotateEvery,
    now,
    onRotated(kid) {
      logger.info({ kid, keys: name }, 'a new signing key is in use')
      trail.write({ event: 'key', change: { what: name, action: 'rotated', id: kid } })
    },
    onFailure: (err) => logger.error({ err, keys: name }, 'the signing key could not be rotated'),
  })
}

export const createTokenIds = (randomBytes: RandomBytes) => (): string => randomBytes(16).toString('base64url')

export type AssertionParts = {
  keys: Keys
  machineMinterFor: (audience?: string) => Minter<MachinePrincipal>
  metrics: Metrics
}

/** The statements for each upstream: for its own audience, in the headers that it asked for. */
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
    // Another audience than for people, so that neither token is taken for the other.
    const machineMinter = machineMinterFor(name === backstage ? undefined : `${audience}-machine`)
    return [name, { minter, machineMinter, kinds: assertion?.headers ?? config.assertion.headers }]
  })
  return { statements: new Map(statements), withPassedGroups: passedGroups(config, logger, metrics) }
}

/** Limits a user's groups to those for upstreams, and counts the others. */
function passedGroups({ assertion }: Config, logger: Logger, metrics: Metrics): WithPassedGroups {
  return createPassedGroups(createGroupFilter(assertion.groups), ({ filtered, capped }, { sessionId }) => {
    metrics.groupsLeftOut(filtered, capped)
    const level = capped > 0 ? 'warn' : 'debug'
    logger[level]({ session: sessionId, filtered, capped }, 'assertions leave out groups (assertion.groups)')
  })
}
