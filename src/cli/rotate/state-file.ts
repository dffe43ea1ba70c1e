import { open, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'

import { readFileIfThere, writeFileAtomically } from '../../storage/atomic-file.ts'
import { CommandFailed } from '../run-action.ts'
import type { RotationState } from './step-order.ts'

/** Stores the progress of a rotation, from before its first step until after its last. */
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
          `${path} (--state) is not a state file: move it away, and use --resume, which reads the targets`,
          { cause },
        )
      }
    },
    write: (state) => writeFileAtomically(path, JSON.stringify(state)),
    remove: () => rm(path, { force: true }),
  }
}

/**
 * Takes the lock, so that only one rotation runs at a time. If the owner of a lock was a process of this machine and has ended, as
 * after a kill, its lock is taken over.
 * @returns a function that releases the lock
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const release = (await makeLock(path)) ?? (await takeOver(path))
  if (release === undefined) throw new CommandFailed(`another rotation is running; if none is, remove ${path}`)
  return release
}

/** @returns a function that releases the lock; undefined if the lock exists already */
async function makeLock(path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }))
    await file.close()
    return () => rm(path, { force: true })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return undefined
    throw new CommandFailed(`the lock file beside --state cannot be created: ${message}`, { cause })
  }
}

/**
 * Replaces a lock whose owner has ended. Only one process at a time may do this: otherwise a second process could remove the new lock
 * of the first.
 */
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
  // A restarted container has the same host name, and assigns the same process id.
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
