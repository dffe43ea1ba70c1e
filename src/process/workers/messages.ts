/** What workers say to the primary; `id` numbers what wants a reply. */
export type ToPrimary =
  /** Kept under its key until `until` (ms since the epoch) and told to all other workers; replied to when they have it. */
  | { kind: 'tell'; id: number; topic: string; key: string; value: unknown; until: number }
  | { kind: 'heard'; notice: number }
  /** Everything that is kept of a topic. */
  | { kind: 'read'; id: number; topic: string }
  /** A name that may be taken once until its time is over; the reply says whether it was. */
  | { kind: 'claim'; id: number; name: string; lifetimeMs: number }
  | { kind: 'release'; name: string }
  /** Adds one to a counter that starts anew after a while; the reply says how far it is, and how long it goes on. */
  | { kind: 'count'; id: number; name: string; windowMs: number }
  /** Replied to when the lock is the worker's. */
  | { kind: 'lock'; id: number; name: string }
  | { kind: 'unlock'; name: string }
  | { kind: 'answer'; question: number; value: unknown }
  /** Replied to when all that this process said before has been heard, what node:cluster says by itself among it. */
  | { kind: 'settle'; id: number }
  /** The worker listens. */
  | { kind: 'ready' }

/** What the primary says to workers. */
export type ToWorker =
  /** The first word to each: what stood in the files of the configuration, by path. Never on the command line: secrets. */
  | { kind: 'texts'; texts: readonly (readonly [file: string, text: string])[] }
  | { kind: 'reply'; id: number; value: unknown }
  | { kind: 'told'; notice: number; topic: string; value: unknown }
  | { kind: 'ask'; question: number; topic: string }

/** Whether a message between processes is one of ours; node:cluster and others have their own. */
export function isOurs(message: unknown): message is { kind: string } {
  return typeof message === 'object' && message !== null && 'kind' in message && typeof message.kind === 'string'
}
