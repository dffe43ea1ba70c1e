import { createReadStream, readdirSync, renameSync, rmSync, closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { createInterface } from 'node:readline'

import { readFileIfThere } from '../storage/atomic-file.ts'
import type { ChainHead } from './event.ts'
import { recordIn } from './lines.ts'
import type { AuditRecord } from './record-schema.ts'

/** A file of the trail that cannot be read. */
export class UnreadableTrail extends Error {}

/** A line and where it stands. */
type PlacedLine = { line: string; place: string; isFirstFile: boolean }

/**
 * The files of a trail, oldest first: those that were moved aside, and the one that is written.
 * @throws UnreadableTrail
 */
export function filesOfTrail(path: string): string[] {
  try {
    return [...movedFiles(path), path]
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Where checkpoints are kept beside the file. */
export function checkpointFileOf(path: string): string {
  return `${path}.checkpoints`
}

/**
 * The lines of files that may not be there.
 * @throws UnreadableTrail
 */
export async function linesOfAll(files: readonly string[]): Promise<string[]> {
  const read = (file: string) =>
    readFileIfThere(file).catch((cause: unknown) => Promise.reject(unreadable(file, cause)))
  const texts = await Promise.all(files.map(read))
  return texts.flatMap((text) => (text ?? '').split('\n').filter(Boolean))
}

/**
 * Lines of files in a row, as far as each file reached when it was opened, so that no line is read while it is being written.
 * @throws UnreadableTrail
 */
export async function* linesOf(files: readonly string[]): AsyncGenerator<PlacedLine> {
  for (const file of files) {
    let number = 0
    try {
      const { size } = await stat(file)
      if (size === 0) continue
      const input = createReadStream(file, { end: size - 1 })
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        number += 1
        yield { line, place: `${file}:${number}`, isFirstFile: file === files[0] }
      }
    } catch (cause) {
      throw unreadable(file, cause)
    }
  }
}

function unreadable(file: string, cause: unknown): UnreadableTrail {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UnreadableTrail(`${file} cannot be read: ${reason}`, { cause })
}

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

export function removeOldest(path: string, keep: number): void {
  const files = movedFiles(path)
  for (const file of files.slice(0, Math.max(0, files.length - keep))) rmSync(file, { force: true })
}

/** The last records of a trail that is continued. */
export type TrailEnd = { heads: ChainHead[]; lastStart: AuditRecord | undefined }

/** Read of the end of a file: more than a minute of a busy gateway. */
const readBytes = 4 * 1024 ** 2

/** The last record of each writer, and the last start, as far as the newest file says. */
export function readTrailEnd(path: string): TrailEnd {
  const lines = lastLines(path) ?? lastLines(newestMoved(path)) ?? []
  const heads = new Map<string, ChainHead>()
  let lastStart: AuditRecord | undefined
  for (const line of lines) {
    const record = recordIn(line)
    if (record === undefined) continue
    const { writer, seq, hash, event } = record
    heads.set(writer, { writer, seq, hash })
    if (event === 'start') lastStart = record
  }
  return { heads: [...heads.values()], lastStart }
}

function newestMoved(path: string): string | undefined {
  try {
    return movedFiles(path).at(-1)
  } catch {
    return undefined
  }
}

function lastLines(path: string | undefined): string[] | undefined {
  if (path === undefined) return undefined
  try {
    const fd = openSync(path, 'r')
    try {
      const { size } = fstatSync(fd)
      const buffer = Buffer.alloc(Math.min(size, readBytes))
      const count = readSync(fd, buffer, 0, buffer.length, size - buffer.length)
      return count === 0 ? undefined : buffer.toString('utf8', 0, count).split('\n')
    } finally {
      closeSync(fd)
    }
  } catch {
    // Where it cannot be written either, as a folder of this name, the sink says so.
    return undefined
  }
}
