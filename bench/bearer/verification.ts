import { jwtVerify } from 'jose'

import { bearerTokenIn } from '../../src/bearer/access-token.ts'
import { machineProfile } from '../../src/bearer/profiles.ts'
import { type BearerVerifier, createVerifier } from '../../src/bearer/verifier.ts'
import { JwksCache } from '../../src/oidc/jwks-cache.ts'
import { forgetfulJwksStore } from '../../src/oidc/jwks-store.ts'
import { createIssuer } from './issuer.ts'

/** As many as a gateway may have in flight. */
const inFlight = 32
const rounds = 9

export type VerificationFigures = {
  /** Tokens never seen before, per second: by us with every check, and by jose alone. */
  stagedoor: number
  jose: number
  /** What a token that was verified before costs, microseconds. */
  cachedUs: number
}

export async function measureVerification(count: number): Promise<VerificationFigures> {
  const issuer = await createIssuer()
  const tokens: string[] = []
  for (let i = 0; i < count; i += 1) tokens.push(await issuer.token(`client-${i}`))
  const keys = await JwksCache.open({
    issuer: issuer.url,
    fetchJwks: async () => JSON.stringify({ keys: [issuer.jwk] }),
    timeoutMs: 5_000,
    store: forgetfulJwksStore,
    refreshEveryMs: 300_000,
    keepForMs: 86_400_000,
    now: Date.now,
    random: Math.random,
  })
  await keys.refresh()
  const expected = {
    issuers: new Map([[issuer.url, [issuer.audience]]]),
    clientIds: ['bench'],
    clockToleranceMs: 10_000,
    deny: [],
  }
  const freshVerifier = () => createVerifier({ machine: machineProfile(expected, () => keys), now: Date.now })
  const options = { issuer: issuer.url, audience: issuer.audience, algorithms: ['RS256'] }
  const byJose = (token: string): Promise<unknown> => jwtVerify(token, issuer.jwk, options)
  const byUs = () => {
    const verifier = freshVerifier()
    return (token: string): Promise<unknown> => verifier.verify(token)
  }
  const runs: { stagedoor: number[]; jose: number[] } = { stagedoor: [], jose: [] }
  await rate(tokens, byJose)
  await rate(tokens, byUs())
  // Interleaved, so that a slow moment of the machine touches both alike.
  for (let round = 0; round < rounds; round += 1) {
    runs.stagedoor.push(await rate(tokens, byUs()))
    runs.jose.push(await rate(tokens, byJose))
  }
  const verifier = freshVerifier()
  await verifier.verify(tokens[0] ?? '')
  const cachedUs = cachedCost(verifier, tokens[0] ?? '')
  keys.close()
  return { stagedoor: median(runs.stagedoor), jose: median(runs.jose), cachedUs }
}

/** A token arrives as a new string with each request, so that nothing of it is remembered but what we remember. */
function cachedCost(verifier: BearerVerifier, token: string): number {
  const times = 200_000
  const received = Buffer.from(`Bearer ${token}`, 'latin1')
  const recall = (): unknown => verifier.recall(bearerTokenIn(received.toString('latin1')) ?? '')
  for (let i = 0; i < times; i += 1) recall()
  const startedAt = performance.now()
  for (let i = 0; i < times; i += 1) recall()
  return ((performance.now() - startedAt) / times) * 1000
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
}

async function rate(tokens: readonly string[], verify: (token: string) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  let next = 0
  const work = async (): Promise<void> => {
    for (let token = tokens[next++]; token !== undefined; token = tokens[next++]) await verify(token)
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  return (tokens.length / (performance.now() - startedAt)) * 1000
}
