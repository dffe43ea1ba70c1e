import type { LoggerService } from '@backstage/backend-plugin-api'
import { stringifyError } from '@backstage/errors'

import type { Auth0Event, Subject } from './event.ts'
import type { Refresh } from './follow.ts'

const maxRemembered = 10_000
const maxWaiting = 10_000

export type EventQueue = {
  /** Takes an event and returns at once; the same event a second time changes nothing. */
  accept: (event: Auth0Event) => void
  /** Resolves when all that was accepted so far is done. */
  settled: () => Promise<void>
}

/**
 * Works off events one after the other. Several about the same user or group that wait at the same time are one: each
 * asks Auth0 for what is true now, so their order and number do not matter.
 */
export function createEventQueue(refresh: Refresh, logger: Pick<LoggerService, 'error'>): EventQueue {
  const remembered = new Set<string>()
  const waiting = new Map<string, Subject>()
  let working: Promise<void> | undefined

  async function work(): Promise<void> {
    for (let next = takeFirst(waiting); next !== undefined; next = takeFirst(waiting)) {
      try {
        await refresh(next)
      } catch (error) {
        logger.error(
          `The catalog does not know of a change of ${next.kind} ${next.id} until the next import: ${stringifyError(error)}`,
        )
      }
    }
    working = undefined
  }

  return {
    accept({ id, subject }) {
      if (subject === undefined || remembered.has(id)) return
      remembered.add(id)
      if (remembered.size > maxRemembered) remembered.delete(firstOf(remembered.keys()) ?? id)
      if (waiting.size >= maxWaiting) {
        logger.error(`Too many events wait: ${subject.kind} ${subject.id} is left to the next import`)
        return
      }
      waiting.set(`${subject.kind} ${subject.id}`, subject)
      working ??= work()
    },
    settled: async () => working,
  }
}

function takeFirst(waiting: Map<string, Subject>): Subject | undefined {
  const key = firstOf(waiting.keys())
  if (key === undefined) return undefined
  const subject = waiting.get(key)
  waiting.delete(key)
  return subject
}

function firstOf(keys: Iterator<string>): string | undefined {
  const { done, value } = keys.next()
  return done === true ? undefined : value
}
