import type { Redis } from '../redis/redis.ts'
import type { Sealer } from '../seal/sealer.ts'
import type { Session } from '../session/session.ts'
import { withoutTokens } from './shareable.ts'

/** What other replicas need to know of a session to judge its open connections: its use, and its claims. */
export type SessionNews = {
  /** Never fails: who misses it closes what is open a little early, and the client connects again. */
  tell(session: Session): void
}

/**
 * Sessions as they change, sealed: Redis sees neither claims nor ids, and tokens stay where they are.
 * @param onNews told of changes at other replicas, and of our own again
 */
export function createSessionNews(redis: Redis, sealer: Sealer, onNews: (session: Session) => void): SessionNews {
  const channel = redis.keys.named('news')

  async function publish(session: Session): Promise<void> {
    await redis.publish(channel, await sealer.seal(withoutTokens(session)))
  }

  async function hear(message: string): Promise<void> {
    const content = await sealer.open(message)
    if (content !== undefined) onNews(content.payload as Session)
  }

  redis.subscribe(channel, (message) => void hear(message))
  return {
    tell: (session) => void publish(session).catch(() => undefined),
  }
}
