import type { CustomFetch } from 'openid-client'

import { machineTokenType } from '../../packages/assertion-contract/src/index.ts'
import type { Keys } from '../assertion/keys.ts'
import { machineClaims } from '../assertion/machine-claims.ts'
import { audienceOfClass } from '../assertion/machine-classes.ts'
import { createMinter } from '../assertion/minter.ts'
import type { Trail } from '../audit/trail.ts'
import { acceptedAudiences, machineExpectations } from '../bearer/accepted-audiences.ts'
import { backstageProfile, machineProfile } from '../bearer/profiles.ts'
import { createChallenge } from '../bearer/protected-resource.ts'
import { createVerifier } from '../bearer/verifier.ts'
import { backstageKeysUrl } from '../config/derived-settings.ts'
import type { Config } from '../config/schema.ts'
import { counted } from '../config/values/quantities.ts'
import type { BackstagePrincipal, MachinePrincipal } from '../identity/principal.ts'
import { fetchDocument } from '../oidc/bounded-fetch.ts'
import type { OnUnusable } from '../oidc/claim-values.ts'
import { JwksCache, maxJwksBytes } from '../oidc/jwks-cache.ts'
import { createJwksFetch, discoverJwksUrl } from '../oidc/jwks-source.ts'
import { createFileJwksStore, forgetfulJwksStore } from '../oidc/jwks-store.ts'
import type { Decide } from '../policy/first-matching-rule.ts'
import type { Redis } from '../redis/redis.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import { createTokenIds, provisionKeys } from './assertion.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'

type Surroundings = Pick<Dependencies, 'logger' | 'now' | 'fetch' | 'randomBytes'> & {
  onUnusable: OnUnusable
  trail: Pick<Trail, 'write'>
}

const maxDiscoveryBytes = 256 * 1024

/** Makes the stage `bearer`, its endpoints, and the minters of the tokens that upstreams get for machines. */
export async function provisionMachines(
  config: Config,
  surroundings: Surroundings,
  { decide, redis, holding }: { decide: Decide; redis: Redis | undefined; holding: Holding },
) {
  const issuers = [...acceptedAudiences(config).keys()]
  const [keySets, backstage, keys] = await Promise.all([
    provisionKeySets(config, surroundings, issuers, holding),
    provisionBackstage(config, surroundings, holding),
    provisionKeys('machines', config, surroundings, redis, holding),
  ])
  const isOn = issuers.length > 0 || backstage !== undefined
  const resource = protectedResourceOf(config, surroundings, backstage === undefined ? undefined : decide)
  return {
    keys,
    minterFor: createMinterFor(config, surroundings, keys),
    bearer: { verifier: isOn ? verifierOf(config, surroundings, { keySets, backstage }) : undefined },
    tokenFacts: tokenFactsOf(config),
    protectedResource: isOn ? resource : undefined,
    challenge: isOn ? createChallenge(resource) : undefined,
    conditions: () => [...keySets.values(), ...(backstage ? [backstage.keys] : [])].map(conditionOf),
  }
}

/** Without `audience` the token is for Backstage, and the class of the machine decides its audience. */
function createMinterFor({ machines, server }: Config, { now, randomBytes }: Surroundings, keys: Keys) {
  return (audience?: string) =>
    createMinter<MachinePrincipal>({
      issuer: server.baseUrl,
      audienceFor: (machine) => audience ?? audienceOfClass(machine, machines.classes, machines.audience),
      type: machineTokenType,
      claims: machineClaims,
      lifetimeMs: machines.lifetime,
      currentKey: () => keys.current(),
      now,
      randomId: createTokenIds(randomBytes),
    })
}

type KeySources = {
  keySets: ReadonlyMap<string, JwksCache>
  backstage: { issuer: string; keys: JwksCache } | undefined
}

function verifierOf(config: Config, { now, onUnusable }: Surroundings, { keySets, backstage }: KeySources) {
  const expected = machineExpectations(config)
  const { clockToleranceMs, deny } = expected
  return createVerifier({
    machine: machineProfile(expected, (issuer) => keySets.get(issuer), onUnusable),
    backstage: backstage && backstageProfile({ ...backstage, clockToleranceMs, deny }),
    now,
  })
}

/** @param decide present when Backstage's own tokens are accepted: rules decide for which paths */
function protectedResourceOf(config: Config, { now }: Surroundings, decide: Decide | undefined) {
  return {
    baseUrl: config.server.baseUrl,
    issuers: [...acceptedAudiences(config).keys()],
    takesBackstageTokens: (path: string, host: string): boolean =>
      decide?.(anybodyOfBackstage, { method: 'POST', path, host }, now()).effect === 'allow',
  }
}

/** The values that the token page compares a token with. Tokens of users come from `auth0.issuer`; tokens of machines may have other issuers. */
function tokenFactsOf(config: Config) {
  const { issuers, clientIds } = machineExpectations(config)
  return {
    issuers: [...new Set([config.auth0.issuer, ...issuers.keys()])],
    audiences: [...new Set([...issuers.values()].flat())],
    clientIds,
  }
}

const anybodyOfBackstage: BackstagePrincipal = { kind: 'backstage', issuer: '', subject: '' }

async function provisionKeySets(
  config: Config,
  surroundings: Surroundings,
  issuers: readonly string[],
  holding: Holding,
) {
  const open = (issuer: string) =>
    heldKeySet(config, holding, issuer, () => provisionKeySet(config, withKeyLog(issuer, surroundings), issuer))
  return new Map(await Promise.all(issuers.map(async (issuer) => [issuer, await open(issuer)] as const)))
}

/** Keys stay cached across reloads. @param source identifies where they come from */
function heldKeySet(config: Config, holding: Holding, source: string, make: () => Promise<JwksCache>) {
  const { timeout, tls } = config.auth0
  return holding.part({
    name: `keys of ${source}`,
    settings: [config.machines.jwks, timeout, tls],
    make,
    close: (set) => set.close(),
  })
}

type KeySurroundings = {
  fetch: CustomFetch
  now: () => number
  onSuccess?: () => void
  onFailure: (cause: unknown, status: string) => void
}

/** Keys of one issuer. Its discovery document names their address. */
export function provisionKeySet(config: Config, surroundings: KeySurroundings, issuer: string): Promise<JwksCache> {
  const { fetch } = surroundings
  const discover = (signal: AbortSignal) => discoverJwksUrl(issuer, { fetch, signal, maxBytes: maxDiscoveryBytes })
  const fetchKeys = (url: string, signal: AbortSignal) => fetchDocument(url, { fetch, signal, maxBytes: maxJwksBytes })
  return createKeySet(config, surroundings, issuer, createJwksFetch(discover, fetchKeys))
}

/** Backstage's own keys; undefined when no rule accepts its tokens. */
async function provisionBackstage(config: Config, surroundings: Surroundings, holding: Holding) {
  if (config.machines.backstageTokens.rules.length === 0) return undefined
  const url = backstageKeysUrl(config)
  const issuer = `${config.server.baseUrl}/api/auth`
  const fetchKeys = (signal: AbortSignal) =>
    fetchDocument(url, { fetch: surroundings.fetch, signal, maxBytes: maxJwksBytes })
  const keys = await heldKeySet(config, holding, `${issuer} at ${url}`, () =>
    createKeySet(config, withKeyLog(issuer, surroundings), issuer, fetchKeys),
  )
  return { issuer, keys }
}

/** Logs the fetching of an issuer's keys. */
function withKeyLog(issuer: string, { logger, fetch, now }: Surroundings): KeySurroundings {
  return {
    fetch,
    now,
    onSuccess: () => logger.info({ issuer }, 'the issuer’s keys can be fetched again'),
    onFailure: (err, status) =>
      logger.error({ issuer, status, err }, 'the issuer’s keys cannot be fetched or stored; will retry'),
  }
}

function createKeySet(
  { machines: { jwks }, auth0 }: Config,
  { now, onSuccess, onFailure }: KeySurroundings,
  issuer: string,
  fetchJwks: (signal: AbortSignal) => Promise<string>,
): Promise<JwksCache> {
  return JwksCache.open({
    issuer,
    fetchJwks,
    timeoutMs: auth0.timeout,
    store: jwks.path === undefined ? forgetfulJwksStore : createFileJwksStore(jwks.path),
    refreshEveryMs: jwks.refreshEvery,
    keepForMs: jwks.keepFor,
    now,
    random: Math.random,
    onStatus(status, cause) {
      if (cause === undefined) onSuccess?.()
      else onFailure(cause, status)
    },
  })
}

function conditionOf(set: JwksCache): Condition {
  const { issuer, status, ageMs, keys } = set.status()
  const name = `keys of ${issuer}`
  if (status === 'fresh') return condition(name, undefined)
  if (status === 'none') return condition(name, 'no keys were fetched yet: tokens of this issuer cannot be verified')
  return condition(name, `no answer: ${counted(keys, 'key is', 'keys are')} ${Math.round(ageMs / 60_000)} min old`)
}
