// This folder: several processes that serve one address.

import type { Topic, ToWorker } from './channel.ts'

export type Questions = ReturnType<typeof createQuestions>

type Open = { waitingFor: Set<number>; answers: Map<number, unknown>; done: () => void }

/** Sends the primary's questions to the workers that listen, and collects their answers. */
export function createQuestions() {
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
    /** Ids of the workers that have joined and not left. */
    workers: () => [...workers.keys()],
    join: (worker: number, send: (message: ToWorker) => void) => void workers.set(worker, send),
    answer,
    leave(worker: number): void {
      workers.delete(worker)
      for (const question of open.keys()) answer(worker, question, undefined)
    },
    /** Asks every worker. Workers that do not answer in time are missing from the result. */
    async ask(topic: Topic, timeoutMs: number, detail = ''): Promise<Map<number, unknown>> {
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
