import { openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'

import { closeQuietly } from './sinks/append-file.ts'

/**
 * Renames the file to a name with the current time, in the same folder. The next write creates a new file. Files are read and removed
 * in the order of their names, so the name sorts after all earlier ones even if the clock was set back.
 * @param isMoved whether another process has renamed the file meanwhile
 */
export function moveAside(path: string, now: number, isMoved: () => boolean): void {
  const before = movedFiles(path).at(-1)
  const target = takeName(path, before === undefined ? now : Math.max(now, timeIn(before) + 1))
  try {
    if (isMoved()) rmSync(target)
    else renameSync(path, target)
  } catch (error) {
    rmSync(target, { force: true })
    throw error
  }
}

/** Reserves the name with an empty file. Otherwise another process could choose the same name, and its rename would replace our file. */
function takeName(path: string, time: number): string {
  const extension = extname(path)
  const stamp = new Date(time).toISOString().replaceAll(/[-:.]/g, '')
  const name = `${path.slice(0, path.length - extension.length)}-${stamp}${extension}`
  try {
    closeQuietly(openSync(name, 'wx', 0o600))
    return name
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return takeName(path, time + 1)
  }
}

/** The time in the name of a moved file, in milliseconds since the epoch. */
function timeIn(file: string): number {
  const stamp = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(basename(file, extname(file)))
  const [, year, month, day, hour, minute, second, ms] = stamp ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
}

/** Paths of the moved files, oldest first. */
export function movedFiles(path: string): string[] {
  const extension = extname(path)
  const name = new RegExp(`^${RegExp.escape(basename(path, extension))}-\\d{8}T\\d{9}Z${RegExp.escape(extension)}$`)
  const folder = dirname(path)
  return readdirSync(folder)
    .filter((file) => name.test(file))
    .toSorted()
    .map((file) => join(folder, file))
}

/** Removes all moved files except the newest. @param keep the number of files that remain */
export function removeOldest(path: string, keep: number): void {
  const files = movedFiles(path)
  for (const file of files.slice(0, Math.max(0, files.length - keep))) rmSync(file, { force: true })
}
