import { storeUnavailable } from '../errors/gateway-error.ts'
import { RedisUnavailable } from '../redis/replies.ts'
import type { CoherentCache } from './coherent-cache.ts'
import type { DeferredWrites } from './deferred-writes.ts'
import { parseReference } from './record-sealer.ts'
import { RedisRecords, type RedisRecordsDependencies } from './redis-records.ts'
import type { Session } from './session.ts'
import type { EndedSessions, FoundSession, KnownSession, SessionStore } from './store.ts'

type RedisStoreDependencies = RedisRecordsDependencies & {
  cache: CoherentCache
  deferred: DeferredWrites
  ended: EndedSessions
}

/** Keeps sessions in Redis; the browser holds a reference. Sessions in this process's cache are found without a round trip. */
export class RedisStore implements SessionStore {
  readonly keepsWithoutBrowser = true
  readonly #records: RedisRecords
  readonly #cache: CoherentCache
  readonly #deferred: DeferredWrites
  readonly #ended: EndedSessions

  constructor({ cache, deferred, ended, ...others }: RedisStoreDependencies) {
    this.#records = new RedisRecords(others)
    this.#cache = cache
    this.#deferred = deferred
    this.#ended = ended
  }

  recall(cookieValue: string): FoundSession | undefined {
    return this.#cache.get(cookieValue)
  }

  async find(cookieValue: string): Promise<FoundSession | undefined> {
    const reference = parseReference(cookieValue)
    if (reference === undefined || this.#ended.has(reference.sessionId)) return undefined
    await this.#deferred.settle(this.#records.keyOf(reference.sessionId))
    const read = () => this.#records.read(reference)
    return orUnavailable(this.#cache.keep(cookieValue, reference.sessionId, read))
  }

  async save(session: Session, known?: KnownSession): Promise<string | undefined> {
    if (known === undefined) return orUnavailable(this.#records.create(session))
    try {
      return (await this.#replace(session, known)) ? known.value : undefined
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error
      // Keep the result of a refresh: the old refresh token no longer works.
      this.#deferred.defer(this.#records.keyOf(session.id), () => this.#replace(session, known))
      this.#cache.amend(known.value, (entry) => ({ ...entry, session }))
      return known.value
    }
  }

  async touch({ session, value }: KnownSession): Promise<string> {
    const needsRewrite = this.#cache.get(value)?.needsRewrite === true
    this.#cache.amend(value, ({ session: known }) => ({
      needsRewrite: false,
      session: { ...known, usedAt: session.usedAt },
    }))
    // Runs in the background. If Redis is unavailable, the use is written later; otherwise the session would expire in Redis.
    const write = () => this.#noteUse({ session, value }, needsRewrite)
    write().catch((error: unknown) => {
      if (error instanceof RedisUnavailable) this.#deferred.defer(`use of ${session.id}`, write)
    })
    return value
  }

  async end(session: Session): Promise<void> {
    // Do not wait: the record in Redis is deleted below.
    void this.#ended.add(session)
    this.#cache.forget(session.id)
    const remove = () => this.#records.remove(session.id)
    await orUnavailable(remove()).catch((error: unknown) => {
      this.#deferred.defer(this.#records.keyOf(session.id), remove)
      throw error
    })
  }

  async #replace(session: Session, known: KnownSession): Promise<boolean> {
    const isReplaced = await this.#records.replace(session, known)
    this.#cache.forget(session.id)
    return isReplaced
  }

  /** Writes a use. Reseals a record that was sealed with an older secret. */
  async #noteUse({ session, value }: KnownSession, needsRewrite: boolean): Promise<void> {
    const isThere = needsRewrite ? await this.#replace(session, { session, value }) : await this.#records.touch(session)
    if (!isThere) this.#cache.forget(session.id)
  }
}

async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (!(cause instanceof RedisUnavailable)) throw cause
    throw storeUnavailable(cause)
  }
}
