import { readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'

/** Gives the file a name with the time in it, in the same folder: the next write makes a new file. */
export function moveAside(path: string, now: number): void {
  const extension = extname(path)
  const stamp = new Date(now).toISOString().replaceAll(/[-:.]/g, '')
  renameSync(path, `${path.slice(0, path.length - extension.length)}-${stamp}${extension}`)
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

export function removeOldest(path: string, keep: number): void {
  const files = movedFiles(path)
  for (const file of files.slice(0, Math.max(0, files.length - keep))) rmSync(file, { force: true })
}
