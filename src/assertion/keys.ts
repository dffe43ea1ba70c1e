import type { JWK } from 'jose'

import {
  type KeyRing,
  msUntilRotation,
  previousNeededUntil,
  publishedKeys,
  rotate,
  signingKeyIn,
  generateStoredKey,
  openStoredKey,
  type SigningKey,
} from './key-rotation.ts'
import type { KeyStore } from './key-store.ts'

type KeysOptions = {
  store: KeyStore
  rotateEveryMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  onRotated?: (kid: string) => void
  onFailure?: (cause: unknown) => void
}

type Opened = { ring: KeyRing; byId: ReadonlyMap<string, SigningKey> }

const maxTimerMs = 2 ** 31 - 1
const retryMs = 60_000

/** The keys in use: one signs, up to three are published. Rotates them on schedule. */
export class Keys {
  readonly #options: KeysOptions
  #opened: Opened | undefined
  /** When this process first read the current ring. Used in place of `rotatedAt` if that is later, because the clock was set back since. */
  #seenAt = 0
  #isOverdue = false
  #timer: NodeJS.Timeout | undefined
  #stopFollowing: (() => void) | undefined
  #isClosed = false

  private constructor(options: KeysOptions) {
    this.#options = options
  }

  /**
   * Opens the stored keys, or makes the first ones.
   * @throws when a store of this process cannot be read; reading a shared store that cannot be reached is retried
   */
  static async open(options: KeysOptions): Promise<Keys> {
    const keys = new Keys(options)
    const { store } = options
    const first = keys.#alone(() => keys.#readOrMake()).then((ring) => keys.#take(ring))
    if (store.shared === undefined) await first
    else await first.catch((cause: unknown) => options.onFailure?.(cause))
    keys.#stopFollowing = store.shared?.onChange(() => void keys.#follow())
    keys.#rotateWhenDue()
    return keys
  }

  /** @throws Error until the keys have been read from the store for the first time */
  current(): SigningKey {
    const { ring, byId } = this.#opened ?? {}
    const key = ring && byId?.get(signingKeyIn(ring, this.#options.now()).kid)
    if (key === undefined) throw new Error('the signing keys have not been read yet')
    return key
  }

  /** Public keys as a JWK Set (RFC 7517 §5). */
  jwks(): { keys: JWK[] } {
    return { keys: [...(this.#opened?.byId.values() ?? [])].map(({ publicJwk }) => publicJwk) }
  }

  /**
   * Rotates: the next key signs as soon as it has been published for long enough, and the previous key is dropped.
   * @param dropsTokens rotates even while tokens of the dropped key are still valid
   * @returns undefined after a rotation; otherwise the time until which the previous key is needed, in milliseconds since the epoch
   */
  rotate(dropsTokens = false): Promise<number | undefined> {
    return this.#rotateIf(() => true, dropsTokens)
  }

  isReady(): boolean {
    return this.#opened !== undefined
  }

  /** Whether the last scheduled rotation failed. The current key continues to sign, and the rotation is retried within a minute. */
  isOverdue(): boolean {
    return this.#isOverdue
  }

  /** When the keys were last rotated, in milliseconds since the epoch. */
  rotatedAt(): number {
    return this.#opened?.ring.rotatedAt ?? this.#options.now()
  }

  close(): void {
    this.#isClosed = true
    this.#stopFollowing?.()
    clearTimeout(this.#timer)
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#options.store.shared?.alone(work) ?? work()
  }

  /** The stored ring. If the store has none, writes the ring in use back, or makes and writes a first ring. */
  async #readOrMake(): Promise<KeyRing> {
    const { store, now } = this.#options
    const kept = await store.read()
    if (kept !== undefined) return kept
    const ring = this.#opened?.ring ?? (await firstRing(now()))
    await store.write(ring)
    return ring
  }

  async #take(ring: KeyRing): Promise<void> {
    const next = await openRing(ring)
    const { rotatedAt = -Infinity } = this.#opened?.ring ?? {}
    if (ring.rotatedAt > rotatedAt) {
      this.#isOverdue = false
      this.#seenAt = this.#options.now()
    }
    if (ring.rotatedAt >= rotatedAt) this.#opened = next
  }

  /** Takes over a changed ring. While it cannot be read, the current keys stay in use; the next due rotation reports the failure. */
  async #follow(): Promise<void> {
    try {
      const kept = await this.#options.store.read()
      await this.#take(kept ?? (await this.#alone(() => this.#readOrMake())))
      this.#schedule(this.#msUntilRotation())
    } catch (cause) {
      if (this.#opened === undefined) this.#options.onFailure?.(cause)
    }
  }

  /** Of the processes that share a store, only one rotates. The others read its result. */
  #rotateIf(isDue: () => boolean, dropsTokens: boolean): Promise<number | undefined> {
    const { store, now, onRotated } = this.#options
    return this.#alone(async () => {
      const latest = await this.#readOrMake()
      await this.#take(latest)
      const neededUntil = previousNeededUntil(latest, now(), dropsTokens)
      if (!isDue() || neededUntil !== undefined) return neededUntil
      const next = rotate(latest, await generateStoredKey(), now(), store.shared?.publishAheadMs)
      await store.write(next)
      await this.#take(next)
      onRotated?.(next.current.kid)
      return undefined
    })
  }

  /** 0 until the keys have been read, because a rotation begins with reading them. */
  #msUntilRotation(): number {
    const { rotateEveryMs, now } = this.#options
    if (this.#opened === undefined) return 0
    this.#seenAt = Math.min(this.#seenAt, now())
    const rotatedAt = Math.min(this.#opened.ring.rotatedAt, this.#seenAt)
    return msUntilRotation({ rotatedAt }, rotateEveryMs, now())
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => this.#rotateWhenDue(), Math.min(delayMs, maxTimerMs))
    this.#timer.unref()
  }

  #rotateWhenDue(): void {
    const { onFailure } = this.#options
    const remainingMs = this.#msUntilRotation()
    if (remainingMs > 0) return this.#schedule(remainingMs)
    // `dropsTokens` loses no valid token here: the period is longer than the lifetime of any token.
    this.#rotateIf(() => this.#msUntilRotation() === 0, true).then(
      () => this.#schedule(this.#msUntilRotation()),
      (cause: unknown) => {
        this.#isOverdue = true
        onFailure?.(cause)
        this.#schedule(retryMs)
      },
    )
  }
}

async function firstRing(now: number): Promise<KeyRing> {
  return { current: await generateStoredKey(), next: await generateStoredKey(), rotatedAt: now }
}

async function openRing(ring: KeyRing): Promise<Opened> {
  const keys = await Promise.all(publishedKeys(ring).map(openStoredKey))
  return { ring, byId: new Map(keys.map((key) => [key.kid, key])) }
}
