import type { JWK } from 'jose'

import { type KeyRing, msUntilRotation, publishedKeys, rotate } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import { generateStoredKey, openStoredKey, type SigningKey } from './signing-key.ts'

/** The keys in use: one signs, up to three are published. */
export type Keys = {
  current(): SigningKey
  /** Public keys as a JWK Set (RFC 7517 §5). */
  jwks(): { keys: JWK[] }
  /** Has the next key sign from now on. */
  rotate(): Promise<void>
  close(): void
}

export type KeysOptions = {
  store: KeyStore
  rotateEveryMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  onRotated?: (kid: string) => void
  onFailure?: (cause: unknown) => void
}

const maxTimerMs = 2 ** 31 - 1
const retryMs = 60_000

/** Opens the kept keys, or makes the first ones, and rotates them when due. */
export async function createKeys(options: KeysOptions): Promise<Keys> {
  const { store, rotateEveryMs, now } = options
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => store.alone?.(work) ?? work()
  let ring = await alone(async () => (await store.read()) ?? (await firstRing(options)))
  let opened = await openRing(ring)
  let timer: NodeJS.Timeout | undefined

  async function adopt(next: KeyRing): Promise<void> {
    const ready = await openRing(next)
    await store.write(next)
    ring = next
    opened = ready
    options.onRotated?.(next.current.kid)
  }

  /** Takes over what another process rotated to. */
  async function follow(next: KeyRing): Promise<void> {
    const ready = await openRing(next)
    if (next.rotatedAt < ring.rotatedAt) return
    ring = next
    opened = ready
  }

  const rotateNow = (): Promise<void> =>
    alone(async () => adopt(rotate((await store.read()) ?? ring, await generateStoredKey(), now())))

  /** Of all that share the store one rotates; the others find that it was done. */
  const rotateIfDue = (): Promise<void> =>
    alone(async () => {
      const latest = (await store.read()) ?? ring
      if (msUntilRotation(latest, rotateEveryMs, now()) > 0) return follow(latest)
      return adopt(rotate(latest, await generateStoredKey(), now()))
    })

  function schedule(delayMs: number): void {
    timer = setTimeout(rotateWhenDue, Math.min(delayMs, maxTimerMs))
    timer.unref()
  }

  function rotateWhenDue(): void {
    const remainingMs = msUntilRotation(ring, rotateEveryMs, now())
    if (remainingMs > 0) return schedule(remainingMs)
    rotateIfDue().then(
      () => schedule(msUntilRotation(ring, rotateEveryMs, now())),
      (cause: unknown) => {
        options.onFailure?.(cause)
        schedule(retryMs)
      },
    )
  }

  store.onChange?.((next) => void follow(next))
  rotateWhenDue()
  return {
    current: () => opened.current,
    jwks: () => opened.jwks,
    rotate: rotateNow,
    close: () => clearTimeout(timer),
  }
}

async function firstRing({ store, now }: KeysOptions): Promise<KeyRing> {
  const ring = { current: await generateStoredKey(), next: await generateStoredKey(), rotatedAt: now() }
  await store.write(ring)
  return ring
}

async function openRing(ring: KeyRing): Promise<{ current: SigningKey; jwks: { keys: JWK[] } }> {
  const published = await Promise.all(publishedKeys(ring).map(openStoredKey))
  const current = published.find(({ kid }) => kid === ring.current.kid) as SigningKey
  return { current, jwks: { keys: published.map(({ publicJwk }) => publicJwk) } }
}
