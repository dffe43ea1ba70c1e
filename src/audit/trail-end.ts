import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

import type { ChainHead } from './event.ts'
import { recordIn } from './lines.ts'
import { movedFiles } from './moved-files.ts'
import type { AuditRecord } from './record-schema.ts'

/** The last records of an existing trail. `lastStart` is the last start of any process. */
export type TrailEnd = { heads: ChainHead[]; lastStart: AuditRecord | undefined }

/** How much of the end of a file is read. It holds more than a minute of a busy gateway. */
const readBytes = 4 * 1024 ** 2

/** The last record of each writer, and the last start, as found at the end of the newest file. */
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
    // If the path cannot be written either (such as a folder of this name), the sink reports that.
    return undefined
  }
}
