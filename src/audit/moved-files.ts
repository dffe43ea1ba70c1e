import { readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'

/**
 * Gives the file a name with the time in it, in the same folder: the next write makes a new file. Where the clock was set back,
 * the name still comes after those of the files before: they are read, and removed, in the order of their names.
 */
export function moveAside(path: string, now: number): void {
  const extension = extname(path)
  const before = movedFiles(path).at(-1)
  const time = before === undefined ? now : Math.max(now, timeIn(before) + 1)
  const stamp = new Date(time).toISOString().replaceAll(/[-:.]/g, '')
  renameSync(path, `${path.slice(0, path.length - extension.length)}-${stamp}${extension}`)
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
