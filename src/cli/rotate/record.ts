import { randomBytes } from 'node:crypto'
import { appendFile } from 'node:fs/promises'

import { createChain } from '../../audit/chain.ts'
import type { AuditEvent } from '../../audit/event.ts'
import { fingerprint } from '../../config/fingerprints.ts'
import type { Recorder } from './run.ts'

type Place = { file: string | undefined; now: () => number; err: (text: string) => void }

/**
 * Reports each step of a rotation as a line for the operator and as an audit record, with fingerprints and never with secrets. Each run
 * is a separate writer with its own chain, so that `stagedoor audit verify` can verify its records like those of the gateway.
 */
export function createRecorder({ file, now, err }: Place): Recorder {
  const chain = createChain(randomBytes(9).toString('base64url'))
  const append = async (event: AuditEvent, time: string): Promise<void> => {
    if (file !== undefined) await appendFile(file, `${chain.append(event, time)}\n`, { mode: 0o600 })
  }
  const timeNow = () => new Date(now()).toISOString()
  return {
    async step({ kind, subject, course, step, oldSecret, newSecret }, outcome, detail) {
      const [from, to] = [oldSecret, newSecret].map((secret) => fingerprint(secret.trim()))
      const time = timeNow()
      const reason = detail === undefined ? '' : `: ${detail}`
      err(`${time} ${kind} ${subject}: ${step} ${outcome} (${from} → ${to})${reason}\n`)
      const change = { what: `${kind} ${subject}`, action: `${course}: ${step} ${outcome}${reason}`, id: to }
      await append({ event: 'secret', change }, time)
    },
    stop: () => append({ event: 'stop' }, timeNow()),
  }
}
