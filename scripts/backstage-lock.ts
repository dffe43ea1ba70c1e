import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'

const retryEveryMs = 250

/**
 * Runs `task` while no other process holds the lock `path`. SQLite's file lock is one that the system takes back when
 * its holder dies, so that a killed setup leaves nothing to clean up.
 */
export async function withProcessLock<Result>(
  path: string,
  onWait: () => void,
  task: () => Promise<Result>,
): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true })
  using database = new DatabaseSync(path)
  if (!isLocked(database)) {
    onWait()
    do await setTimeout(retryEveryMs)
    while (!isLocked(database))
  }
  return await task()
}

/** Takes the lock if it is free; closing the database gives it back. */
function isLocked(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (error instanceof Error && /locked/.test(error.message)) return false
    throw error
  }
}
