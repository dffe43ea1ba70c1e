import type { Config } from '../../config/schema.ts'
import type { Texts } from '../../config/tree/texts.ts'
import type { Refusal } from '../last-reload.ts'

/** Messages from a worker to the primary. None is about sessions, which are shared through Redis. */
export type ToPrimary =
  /** The worker listens. */
  | { kind: 'ready' }
  | { kind: 'answer'; question: number; value: unknown }
  /** The primary replies once it has handled every earlier message of this process, those of node:cluster included. */
  | { kind: 'settle' }

/** Messages from the primary to a worker. */
export type ToWorker =
  /** The first message to each worker. It contains secrets, so it is not passed on the command line. */
  | ({ kind: 'begin' } & Beginning<readonly (readonly [file: string, text: string])[]>)
  | { kind: 'ask'; question: number; topic: Topic; detail: string }
  | { kind: 'settled' }

/** The first message to a worker. */
type Beginning<Files> = {
  /** The content of the configuration files. */
  texts: Files
  /** Where the other workers listen. It may differ from the files: a new host may need a restart. */
  listen: Config['server']['listen']
  /** Why the present content of the files was refused, if it was. */
  refusal?: Refusal | undefined
}

/** The topics of the primary's questions and orders to workers. */
export type Topic = 'conditions' | 'metrics' | 'secrets' | 'log-level' | 'prepare' | 'put-in-force' | 'refuse'

/** Whether a message between processes is one of ours. node:cluster, among others, sends its own. */
export function isOurs(message: unknown): message is { kind: string } {
  return typeof message === 'object' && message !== null && 'kind' in message && typeof message.kind === 'string'
}

/** @param detail of the question */
type Give = (detail: string) => unknown

export type Channel = ReturnType<typeof openChannel>

/** Opens the worker's end of the channel to the primary, in a process that was forked. */
export function openChannel() {
  const beginning = Promise.withResolvers<Beginning<Texts>>()
  const settled = Promise.withResolvers<void>()
  const answers = new Map<Topic, Give>()
  // If the primary is gone, node:cluster ends this process.
  const send = (message: ToPrimary): void =>
    void (process.connected && process.send?.(message, undefined, undefined, () => undefined))

  async function give({ question, topic, detail }: ToWorker & { kind: 'ask' }): Promise<void> {
    const value = await Promise.try(() => answers.get(topic)?.(detail)).catch(() => undefined)
    send({ kind: 'answer', question, value })
  }

  process.on('message', (received: unknown) => {
    if (!isOurs(received)) return
    const message = received as ToWorker
    if (message.kind === 'begin') beginning.resolve({ ...message, texts: new Map(message.texts) })
    if (message.kind === 'settled') settled.resolve()
    if (message.kind === 'ask') void give(message)
  })

  return {
    beginning: beginning.promise,
    /** Answers the primary's questions about a topic. */
    answer: (topic: Topic, give: Give) => void answers.set(topic, give),
    /** Reports that this worker listens. */
    ready: () => send({ kind: 'ready' }),
    /** Resolves when the primary has handled all earlier messages of this process, and this process all that came before the reply. */
    settle(): Promise<void> {
      send({ kind: 'settle' })
      return settled.promise
    },
  }
}
