import { createHmac, createPrivateKey, type KeyObject } from 'node:crypto'

import type { JWK } from 'jose'

import { type KeyRing, publicHalf, publishedKeys } from '../assertion/key-rotation.ts'
import type { KeyStore } from '../assertion/key-store.ts'
import { Keys } from '../assertion/keys.ts'
import type { CheckpointKey } from '../audit/checkpoint-jws.ts'
import type { Config } from '../config/schema.ts'
import type { Redis } from '../redis/redis.ts'
import { keysCondition, keyStoreFor } from './assertion.ts'
import type { Dependencies } from './dependencies.ts'
import {
  createFileArchive,
  createMemoryArchive,
  createRedisArchive,
  type PublicKeyArchive,
} from './public-key-archive.ts'

type KeyParts = {
  onRotated: (kid: string, publicJwk: JWK) => void
  redis: Redis | undefined
  /** Used with `store: memory`: the keys live only as long as the process. */
  memory: KeyStore
}

export type AuditKeys = Awaited<ReturnType<typeof provisionAuditKeys>>

/** The keys of the audit trail. Auditors may verify a signature years later, so public keys are never removed. */
export async function provisionAuditKeys(
  config: Config,
  { now, logger, randomBytes }: Pick<Dependencies, 'now' | 'logger' | 'randomBytes'>,
  { redis, onRotated, memory }: KeyParts,
) {
  const archive = archiveFor(config, redis)
  const opened = new Map<string, CheckpointKey & { publicJwk: JWK }>()
  const store = archiving(keyStoreFor('audit', config, randomBytes, redis) ?? memory, archive, (ring) => {
    for (const { kid, jwk } of publishedKeys(ring)) opened.set(kid, checkpointKey(kid, jwk))
  })
  const keys = await Keys.open({
    store,
    rotateEveryMs: config.audit.keys.rotateEvery,
    now,
    onRotated(kid) {
      logger.info({ kid }, 'a new key signs the audit trail')
      const key = opened.get(kid)
      if (key !== undefined) onRotated(kid, key.publicJwk)
    },
    onFailure: (err) => logger.error({ err }, 'the keys of the audit trail could not be read or rotated'),
  })
  const current = () => (keys.isReady() ? opened.get(keys.current().kid) : undefined)
  return {
    /** Undefined until the keys are first read from Redis. */
    current,
    /** Every public key, including those that no longer sign. */
    jwks: () => ({ keys: archive.keys() }),
    /** A digest keyed with the current key (HMAC-SHA-256); empty while there is no key. */
    digest: (text: string) => digestWith(current()?.privateKey, text),
    /** Milliseconds since the epoch. */
    rotatedAt: () => keys.rotatedAt(),
    condition: () => keysCondition('audit-keys', keys, 'the audit trail is not signed'),
    close: () => keys.close(),
  }
}

function archiveFor({ audit }: Config, redis: Redis | undefined): PublicKeyArchive {
  const { store, path } = audit.keys
  if (store === 'redis' && redis !== undefined) return createRedisArchive(redis)
  return store === 'file' && path !== undefined ? createFileArchive(`${path}.public`) : createMemoryArchive()
}

/** Archives the public key before a key signs anything. */
function archiving(inner: KeyStore, archive: PublicKeyArchive, onRing: (ring: KeyRing) => void): KeyStore {
  const publicHalves = (ring: KeyRing): JWK[] => publishedKeys(ring).map(publicHalf)
  return {
    ...inner,
    async read() {
      const ring = await inner.read()
      // Adds them again in case the archive was lost.
      await archive.add(ring === undefined ? [] : publicHalves(ring))
      if (ring !== undefined) onRing(ring)
      return ring
    },
    async write(ring) {
      await archive.add(publicHalves(ring))
      await inner.write(ring)
      onRing(ring)
    },
  }
}

function digestWith(key: KeyObject | undefined, text: string): string {
  if (key === undefined) return ''
  const { d = '' } = key.export({ format: 'jwk' })
  return createHmac('sha256', d).update(text).digest('base64url')
}

function checkpointKey(kid: string, jwk: JWK): CheckpointKey & { publicJwk: JWK } {
  const privateKey: KeyObject = createPrivateKey({ key: jwk, format: 'jwk' })
  return { kid, privateKey, publicJwk: publicHalf({ kid, jwk }) }
}
