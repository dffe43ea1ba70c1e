import { LRUCache } from 'lru-cache'

import { createLocks } from './locks.ts'
import type { ToPrimary, ToWorker } from './messages.ts'

/** What workers share without Redis: the primary keeps it, and outlives every worker. */
export type Board = {
  join(worker: number, send: (message: ToWorker) => void): void
  leave(worker: number): void
  receive(worker: number, message: ToPrimary): void
  /** Those that have joined and not left. */
  workers(): number[]
  /** Asks every worker; those that do not answer in time are left out. */
  ask(topic: string, timeoutMs: number): Promise<Map<number, unknown>>
}

type Kept = { key: string; value: unknown; until: number }
type Waiting = { workers: Set<number>; done: () => void }

const maxKept = 200_000
const maxClaims = 100_000
/** A worker that does not hear for so long is stuck; who tells goes on without it. */
const maxTellMs = 1_000

/** @param now milliseconds since the epoch */
export function createBoard(now: () => number): Board {
  const workers = new Map<number, (message: ToWorker) => void>()
  const topics = new Map<string, LRUCache<string, Kept>>()
  const claims = new LRUCache<string, number>({ max: maxClaims })
  const counters = new LRUCache<string, { current: number; endsAt: number }>({ max: maxClaims })
  const locks = createLocks()
  const notices = new Map<number, Waiting>()
  const questions = new Map<number, { workers: Set<number>; answers: Map<number, unknown>; done: () => void }>()
  let lastNumber = 0

  const reply = (worker: number, id: number, value?: unknown): void =>
    workers.get(worker)?.({ kind: 'reply', id, value })

  function topicOf(name: string): LRUCache<string, Kept> {
    const known = topics.get(name)
    if (known !== undefined) return known
    const made = new LRUCache<string, Kept>({ max: maxKept })
    topics.set(name, made)
    return made
  }

  function tell(from: number, { id, topic, key, value, until }: ToPrimary & { kind: 'tell' }): void {
    if (until > now()) topicOf(topic).set(key, { key, value, until })
    const others = new Set([...workers.keys()].filter((worker) => worker !== from))
    const done = (): void => reply(from, id)
    if (others.size === 0) return done()
    const notice = ++lastNumber
    notices.set(notice, { workers: others, done })
    setTimeout(() => notices.delete(notice) && done(), maxTellMs).unref()
    for (const worker of others) workers.get(worker)?.({ kind: 'told', notice, topic, value })
  }

  function heard(worker: number, notice: number): void {
    const waiting = notices.get(notice)
    if (!waiting?.workers.delete(worker) || waiting.workers.size > 0) return
    notices.delete(notice)
    waiting.done()
  }

  function claim(name: string, lifetimeMs: number): boolean {
    if ((claims.peek(name) ?? 0) > now()) return false
    claims.set(name, now() + lifetimeMs)
    return true
  }

  function count(name: string, windowMs: number): { current: number; ttlMs: number } {
    const known = counters.get(name)
    const isRunning = known !== undefined && known.endsAt > now()
    const counter = { current: isRunning ? known.current + 1 : 1, endsAt: isRunning ? known.endsAt : now() + windowMs }
    counters.set(name, counter)
    return { current: counter.current, ttlMs: counter.endsAt - now() }
  }

  function answered(worker: number, question: number, value: unknown): void {
    const asked = questions.get(question)
    if (!asked?.workers.delete(worker)) return
    if (value !== undefined) asked.answers.set(worker, value)
    if (asked.workers.size === 0) asked.done()
  }

  const live = (topic: string): unknown[] =>
    [...topicOf(topic).values()].filter(({ until }) => until > now()).map(({ value }) => value)

  return {
    workers: () => [...workers.keys()],

    join: (worker, send) => void workers.set(worker, send),

    leave(worker) {
      workers.delete(worker)
      locks.leave(worker)
      for (const notice of notices.keys()) heard(worker, notice)
      for (const question of questions.keys()) answered(worker, question, undefined)
    },

    receive(worker, message) {
      if (message.kind === 'tell') tell(worker, message)
      else if (message.kind === 'heard') heard(worker, message.notice)
      else if (message.kind === 'read') reply(worker, message.id, live(message.topic))
      else if (message.kind === 'claim') reply(worker, message.id, claim(message.name, message.lifetimeMs))
      else if (message.kind === 'count') reply(worker, message.id, count(message.name, message.windowMs))
      else if (message.kind === 'release') claims.delete(message.name)
      else if (message.kind === 'lock') locks.lock(worker, message.name, () => reply(worker, message.id))
      else if (message.kind === 'unlock') locks.unlock(worker, message.name)
      else if (message.kind === 'settle') reply(worker, message.id)
      else if (message.kind === 'answer') answered(worker, message.question, message.value)
    },

    async ask(topic, timeoutMs) {
      const question = ++lastNumber
      const answers = new Map<number, unknown>()
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        const done = (): void => {
          clearTimeout(timer)
          resolve()
        }
        questions.set(question, { workers: new Set(workers.keys()), answers, done })
        if (workers.size === 0) done()
        for (const send of workers.values()) send({ kind: 'ask', question, topic })
      })
      questions.delete(question)
      return answers
    },
  }
}
