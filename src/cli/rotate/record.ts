import { randomBytes } from 'node:crypto'
import { appendFile } from 'node:fs/promises'

import { createChain } from '../../audit/chain.ts'
import type { StepRecord } from './run.ts'

type Place = { file: string | undefined; now: () => number; err: (text: string) => void }

/**
 * Says what a rotation does: a line for a person, and a record of the audit trail. Each run of the command is a writer of
 * its own, whose records form a chain, so that `stagedoor audit verify` reads them as it reads the gateway's.
 */
export function createRecorder({ file, now, err }: Place): (record: StepRecord) => Promise<void> {
  const chain = createChain(randomBytes(9).toString('base64url'))
  return async ({ rotation, subject, course, step, outcome, detail, from, to }) => {
    const time = new Date(now()).toISOString()
    const reason = detail === undefined ? '' : `: ${detail}`
    err(`${time} ${rotation} ${subject}: ${step} ${outcome} (${from} → ${to})${reason}\n`)
    if (file === undefined) return
    const change = { what: `${rotation} ${subject}`, action: `${course}: ${step} ${outcome}${reason}`, id: to }
    await appendFile(file, `${chain.append({ event: 'secret', change }, time)}\n`, { mode: 0o600 })
  }
}
