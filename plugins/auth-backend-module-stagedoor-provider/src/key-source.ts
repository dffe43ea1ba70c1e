import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'

const timeoutMs = 5_000
const cacheMaxAgeMs = 10 * 60_000
/** An unknown key id asks Stagedoor again at most this often: short, because a gateway with keys in memory restarts with new ones. */
const cooldownMs = 5_000
/** For how long keys that were read once are trusted while Stagedoor cannot be reached. */
const lastGoodMaxAgeMs = 60 * 60_000

/**
 * Stagedoor's public keys, read when first needed and kept: while they cannot be read again (a restart of the gateway),
 * the last good ones serve for up to an hour.
 */
export function createKeySource(jwksUri: URL, nowMs: () => number = Date.now): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(jwksUri, {
    timeoutDuration: timeoutMs,
    cacheMaxAge: cacheMaxAgeMs,
    cooldownDuration: cooldownMs,
  })
  let lastGoodAtMs = Number.NEGATIVE_INFINITY

  return async (header, token) => {
    try {
      const key = await remote(header, token)
      if (remote.fresh) lastGoodAtMs = nowMs()
      return key
    } catch (error) {
      const lastGood = remote.jwks()
      if (isAnswerOfTheKeySet(error) || lastGood === undefined) throw error
      if (nowMs() - lastGoodAtMs > lastGoodMaxAgeMs) throw error
      return createLocalJWKSet(lastGood)(header, token)
    }
  }
}

/** The keys were there and none fits: older keys must not fit either. */
function isAnswerOfTheKeySet(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
}
