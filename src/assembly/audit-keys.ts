import { createHmac, createPrivateKey, type KeyObject } from 'node:crypto'

import type { JWK } from 'jose'

import { type KeyRing, publishedKeys } from '../assertion/key-ring.ts'
import { type KeyStore, keyStoreOf } from '../assertion/key-store.ts'
import { createKeys, type Keys } from '../assertion/keys.ts'
import type { CheckpointKey } from '../audit/checkpoint.ts'
import type { Config } from '../config/schema.ts'
import { readFileIfThere, writeFileAtomically } from '../storage/atomic-file.ts'
import type { Dependencies } from './dependencies.ts'

export type AuditKeys = {
  current(): CheckpointKey & { publicJwk: JWK }
  /** Every public half that can be needed, old ones too. */
  jwks(): { keys: JWK[] }
  /** A digest that needs the key to be made. */
  digest(text: string): string
  /** Milliseconds since the epoch. */
  rotatedAt(): number
  close(): void
}

type Told = { onRotated: (kid: string, publicJwk: JWK) => void }

/** The keys of the trail. What they signed is looked at years later, so that public halves are kept for good. */
export async function provisionAuditKeys(
  { audit }: Config,
  { now, logger }: Dependencies,
  { onRotated }: Told,
): Promise<AuditKeys> {
  const { path, store: kind, rotateEvery } = audit.keys
  const archive = createArchive(kind === 'file' && path !== undefined ? `${path}.public` : undefined)
  await archive.open()
  const privateKeys = new Map<string, KeyObject>()
  const store = archiving(keyStoreOf(audit.keys), archive, ({ current, next }) => {
    for (const { kid, jwk } of [current, next]) privateKeys.set(kid, createPrivateKey({ key: jwk, format: 'jwk' }))
  })
  const keys: Keys = await createKeys({
    store,
    rotateEveryMs: rotateEvery,
    now,
    onRotated(kid) {
      logger.info({ kid }, 'a new key signs the audit trail')
      onRotated(kid, keys.current().publicJwk)
    },
    onFailure: (err) => logger.error({ err }, 'the key of the audit trail could not be rotated'),
  })
  const ring = await store.read()
  const secret = ring?.current.jwk.d ?? ''
  return {
    current() {
      const { kid, publicJwk } = keys.current()
      return { kid, privateKey: privateKeys.get(kid) as KeyObject, publicJwk }
    },
    jwks: () => ({ keys: merged([...archive.keys(), ...keys.jwks().keys]) }),
    digest: (text) => createHmac('sha256', secret).update(text).digest('base64url'),
    rotatedAt: () => keys.rotatedAt(),
    close: () => keys.close(),
  }
}

type Archive = { open(): Promise<void>; keys(): JWK[]; add(more: readonly JWK[]): Promise<void> }

function createArchive(path: string | undefined): Archive {
  let kept: JWK[] = []
  return {
    async open() {
      const text = path === undefined ? undefined : await readFileIfThere(path)
      if (text !== undefined) kept = (JSON.parse(text) as { keys: JWK[] }).keys
    },
    keys: () => kept,
    async add(more) {
      kept = merged([...kept, ...more])
      if (path !== undefined) await writeFileAtomically(path, JSON.stringify({ keys: kept }))
    },
  }
}

/** Public halves are kept before a key signs anything. */
function archiving(inner: KeyStore, archive: Archive, onRing: (ring: KeyRing) => void): KeyStore {
  return {
    async read() {
      const ring = await inner.read()
      if (ring !== undefined) onRing(ring)
      return ring
    },
    async write(ring) {
      await archive.add(publishedKeys(ring).map(({ kid, jwk }) => publicHalf(kid, jwk)))
      await inner.write(ring)
      onRing(ring)
    },
  }
}

function publicHalf(kid: string, { kty, crv, x, y }: JWK): JWK {
  return { kty, crv, x, y, kid, use: 'sig', alg: 'ES256' } as JWK
}

function merged(keys: readonly JWK[]): JWK[] {
  return [...new Map(keys.map((key) => [key.kid, key])).values()]
}
