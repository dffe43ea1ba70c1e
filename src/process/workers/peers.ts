import type { Texts } from '../../config/tree/texts.ts'
import { isOurs, type ToPrimary, type ToWorker } from './messages.ts'

/** The other workers, as one worker sees them: the primary is between. */
export type Peers = {
  /**
   * Tells all other workers, and those that start before `until` (ms since the epoch): a later value under the same key
   * takes the earlier one's place. Resolves when every worker has it.
   */
  tell(topic: string, key: string, value: unknown, until: number): Promise<void>
  /** Calls back with what others tell from now on. */
  hear(topic: string, listener: (value: unknown) => void): void
  /** What is kept of a topic. */
  read(topic: string): Promise<unknown[]>
  /** @returns false when somebody claimed the name before, and its time is not over */
  claim(name: string, lifetimeMs: number): Promise<boolean>
  release(name: string): void
  /** Adds one to a counter of all workers; what it has come to, and how long it goes on. */
  count(name: string, windowMs: number): Promise<{ current: number; ttlMs: number }>
  /** Waits until nobody else has the lock. @returns gives it back */
  lock(name: string): Promise<() => void>
  /** Answers the primary's questions about a topic. */
  answer(topic: string, give: () => unknown): void
  /** Says that this worker listens. */
  ready(): void
  /** Resolves when the primary has heard all that was said before, and this process all that was said to it until then. */
  settle(): Promise<void>
}

/** One end of the channel between a worker and the primary. */
export type Channel = {
  send: (message: ToPrimary) => void
  onMessage: (listener: (message: ToWorker) => void) => void
}

/** The channel that a process has which was forked. */
export function processChannel(): Channel {
  return {
    // The primary may be gone; then this process ends by itself (node:cluster).
    send: (message) => void (process.connected && process.send?.(message, undefined, undefined, () => undefined)),
    onMessage(listener) {
      process.on('message', (message: unknown) => {
        if (isOurs(message)) listener(message as ToWorker)
      })
    },
  }
}

/** What stood in the files of the configuration when the primary read them; it says so before anything else. */
export function handedTexts({ onMessage }: Pick<Channel, 'onMessage'>): Promise<Texts> {
  return new Promise((resolve) => {
    onMessage((message) => void (message.kind === 'texts' && resolve(new Map(message.texts))))
  })
}

/** More than one of the distributive members of `ToPrimary` wants a reply. */
type Wanting = Extract<ToPrimary, { id: number }>
type WithoutId<Message> = Message extends unknown ? Omit<Message, 'id'> : never

export function createPeers({ send, onMessage }: Channel): Peers {
  const replies = new Map<number, (value: unknown) => void>()
  const listeners = new Map<string, ((value: unknown) => void)[]>()
  const answers = new Map<string, () => unknown>()
  let lastId = 0

  function request(message: WithoutId<Wanting>): Promise<unknown> {
    const id = ++lastId
    return new Promise((resolve) => {
      replies.set(id, resolve)
      send({ ...message, id })
    })
  }

  async function give(question: number, topic: string): Promise<void> {
    const value = await Promise.resolve(answers.get(topic)?.()).catch(() => undefined)
    send({ kind: 'answer', question, value })
  }

  onMessage((message) => {
    if (message.kind === 'ask') return void give(message.question, message.topic)
    if (message.kind === 'told') {
      for (const listener of listeners.get(message.topic) ?? []) listener(message.value)
      return send({ kind: 'heard', notice: message.notice })
    }
    if (message.kind !== 'reply') return
    replies.get(message.id)?.(message.value)
    replies.delete(message.id)
  })

  return {
    async tell(topic, key, value, until) {
      await request({ kind: 'tell', topic, key, value, until })
    },
    hear: (topic, listener) => void listeners.set(topic, [...(listeners.get(topic) ?? []), listener]),
    read: async (topic) => (await request({ kind: 'read', topic })) as unknown[],
    claim: async (name, lifetimeMs) => (await request({ kind: 'claim', name, lifetimeMs })) === true,
    release: (name) => send({ kind: 'release', name }),
    count: async (name, windowMs) =>
      (await request({ kind: 'count', name, windowMs })) as { current: number; ttlMs: number },
    async lock(name) {
      await request({ kind: 'lock', name })
      return () => send({ kind: 'unlock', name })
    },
    answer: (topic, answer) => void answers.set(topic, answer),
    ready: () => send({ kind: 'ready' }),
    async settle() {
      await request({ kind: 'settle' })
    },
  }
}
