import { openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'

import { closeQuietly } from './sinks/append-file.ts'

/**
 * Gives the file a name with the time in it, in the same folder: the next write makes a new file. Where the clock was set back,
 * the name still comes after those of the files before: they are read, and removed, in the order of their names.
 * @param isMoved whether another process did so meanwhile: the path then leads to the new file already
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

/** Makes an empty file of that name, so that no other process moves a file to it: it would replace ours. */
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

/** When a file was moved aside, by its name. */
function timeIn(file: string): number {
  const stamp = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(basename(file, extname(file)))
  const [, year, month, day, hour, minute, second, ms] = stamp ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
}

/** Files that were moved aside, oldest first. */
export function movedFiles(path: string): string[] {
  const extension = extname(path)
  const name = new RegExp(`^${RegExp.escape(basename(path, extension))}-\\d{8}T\\d{9}Z${RegExp.escape(extension)}$`)
  const folder = dirname(path)
  return readdirSync(folder)
    .filter((file) => name.test(file))
    .toSorted()
    .map((file) => join(folder, file))
}

/** Removes all but the newest of them. @param keep how many stay */
export function removeOldest(path: string, keep: number): void {
  const files = movedFiles(path)
  for (const file of files.slice(0, Math.max(0, files.length - keep))) rmSync(file, { force: true })
}
