import type { Topic, ToWorker } from './channel.ts'

/** The primary's questions to the workers that listen. */
export type Questions = {
  join(worker: number, send: (message: ToWorker) => void): void
  leave(worker: number): void
  answer(worker: number, question: number, value: unknown): void
  /** Ids of the workers that have joined and not left. */
  workers(): number[]
  /** Asks every worker; those that do not answer in time are left out. */
  ask(topic: Topic, timeoutMs: number, detail?: string): Promise<Map<number, unknown>>
}

type Open = { waitingFor: Set<number>; answers: Map<number, unknown>; done: () => void }

export function createQuestions(): Questions {
  const workers = new Map<number, (message: ToWorker) => void>()
  const open = new Map<number, Open>()
  let lastQuestion = 0

  function answer(worker: number, question: number, value: unknown): void {
    const asked = open.get(question)
    if (!asked?.waitingFor.delete(worker)) return
    if (value !== undefined) asked.answers.set(worker, value)
    if (asked.waitingFor.size === 0) asked.done()
  }

  return {
    workers: () => [...workers.keys()],
    join: (worker, send) => void workers.set(worker, send),
    answer,
    leave(worker) {
      workers.delete(worker)
      for (const question of open.keys()) answer(worker, question, undefined)
    },
    async ask(topic, timeoutMs, detail = '') {
      const question = ++lastQuestion
      const answers = new Map<number, unknown>()
      const { promise, resolve: done } = Promise.withResolvers<void>()
      const timer = setTimeout(done, timeoutMs)
      open.set(question, { waitingFor: new Set(workers.keys()), answers, done })
      if (workers.size === 0) done()
      for (const send of workers.values()) send({ kind: 'ask', question, topic, detail })
      await promise
      clearTimeout(timer)
      open.delete(question)
      return answers
    },
  }
}
