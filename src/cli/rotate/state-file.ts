import { open, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'

import { readFileIfThere, writeFileAtomically } from '../../storage/atomic-file.ts'
import { CommandFailed } from '../run-action.ts'
import type { RotationState } from './step-order.ts'

/** Where a rotation stands, kept from before its first step until after its last. */
export type StateFile = {
  read(): Promise<RotationState | undefined>
  write(state: RotationState): Promise<void>
  remove(): Promise<void>
}

export function createStateFile(path: string): StateFile {
  return {
    async read() {
      const text = await readFileIfThere(path)
      if (text === undefined) return undefined
      try {
        return JSON.parse(text) as RotationState
      } catch (cause) {
        throw new CommandFailed(
          `${path} (--state) is not what a rotation writes: move it away, and use --resume, which reads the targets`,
          { cause },
        )
      }
    },
    write: (state) => writeFileAtomically(path, JSON.stringify(state)),
    remove: () => rm(path, { force: true }),
  }
}

/**
 * One rotation at a time. A lock whose process has ended on this machine, as after a kill, is taken over.
 * @returns gives the lock back
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const release = (await makeLock(path)) ?? (await takeOver(path))
  if (release === undefined) throw new CommandFailed(`another rotation is under way; if none is, remove ${path}`)
  return release
}

/** @returns gives the lock back; undefined where there is one already */
async function makeLock(path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }))
    await file.close()
    return () => rm(path, { force: true })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return undefined
    throw new CommandFailed(`the lock beside --state cannot be made: ${message}`, { cause })
  }
}

/** One process at a time removes a lock: a second that found it too would remove the one that the first has made since. */
async function takeOver(path: string): Promise<(() => Promise<void>) | undefined> {
  const release = await makeLock(`${path}.takeover`)
  if (release === undefined) return undefined
  try {
    if (!(await isLeftBehind(path))) return undefined
    await rm(path, { force: true })
    return await makeLock(path)
  } finally {
    await release()
  }
}

async function isLeftBehind(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const owner = /^\{"pid":(?<pid>\d+),"host":"(?<host>[^"]*)"\}$/.exec(text)?.groups
  if (owner === undefined || owner['host'] !== hostname()) return false
  const pid = Number(owner['pid'])
  // A container that is started again has the same host name, and gives the same id.
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
