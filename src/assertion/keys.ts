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

/** The keys in use: one signs, up to three are published. They are rotated when that is due. */
export class Keys {
  readonly #options: KeysOptions
  #opened: Opened | undefined
  /** When its ring was first seen here, which counts where the clock was ahead at its rotation and has been set back. */
  #seenAt = 0
  #isOverdue = false
  #timer: NodeJS.Timeout | undefined
  #stopFollowing: (() => void) | undefined
  #isClosed = false

  private constructor(options: KeysOptions) {
    this.#options = options
  }

  /**
   * Opens the kept keys, or makes the first ones.
   * @throws when the keys of a store of our own cannot be read; a shared store that cannot be reached is tried again
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

  /** @throws Error while the store that keeps the keys has not been reached since the start */
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
   * Has the next key sign, once it has been published for long enough.
   * @param dropsTokens also while tokens of the key that is dropped are valid
   * @returns until when that key is needed, where nothing was rotated because of it; milliseconds since the epoch
   */
  rotate(dropsTokens = false): Promise<number | undefined> {
    return this.#rotateIf(() => true, dropsTokens)
  }

  isReady(): boolean {
    return this.#opened !== undefined
  }

  /** Whether a rotation is due that failed: the present key goes on signing, and another try follows within a minute. */
  isOverdue(): boolean {
    return this.#isOverdue
  }

  /** When a key took over last, milliseconds since the epoch. */
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

  /** The ring as it is kept; ours is written where it was lost, and the first keys where there were none. */
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

  /** While it cannot be read the current keys stay in use; a failed rotation is reported when it was due. */
  async #follow(): Promise<void> {
    try {
      const kept = await this.#options.store.read()
      await this.#take(kept ?? (await this.#alone(() => this.#readOrMake())))
      this.#schedule(this.#msUntilRotation())
    } catch (cause) {
      if (this.#opened === undefined) this.#options.onFailure?.(cause)
    }
  }

  /** Only one of the processes that share a store rotates; the others read its result. */
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

  /** 0 while no keys have been read: a rotation reads them first. */
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
    // `dropsTokens`: a period is longer than any token lives, so that there is none to drop.
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
