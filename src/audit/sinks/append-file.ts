// This folder: where records go: files, standard output, HTTP receivers and syslog.

import { closeSync, fstatSync, fsync, fsyncSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

export type AppendFile = ReturnType<typeof openAppendFile>

/**
 * A file that several processes append lines to, which only we may read (0600). When a call returns, the operating system has its
 * line. Opening ends a line that a killed process left unfinished.
 */
export function openAppendFile(path: string) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const fd = openSync(path, 'a+', 0o600)
  endLine(fd)
  const { ino } = fstatSync(fd)
  let isSyncing = false
  let isClosing = false
  return {
    /**
     * @returns how many bytes were written, which is fewer than given where the disk is full
     * @throws where none can be
     */
    append(bytes: Buffer): number {
      let written = 0
      while (written < bytes.length) {
        const count = writeOrStop(fd, bytes, written)
        if (count === 0) break
        written += count
      }
      return written
    },
    /** The disk has what was appended when it returns. @throws when it does not take it */
    sync: () => fsyncSync(fd),
    /** The same while other work goes on. Never called again before it is done. */
    syncBehind(done: (error: Error | null) => void): void {
      isSyncing = true
      fsync(fd, (error) => {
        isSyncing = false
        if (isClosing) closeQuietly(fd)
        done(error)
      })
    },
    /** Whether the path leads to another file now, or to none. */
    isMoved: () => statSync(path, { throwIfNoEntry: false })?.ino !== ino,
    sizeBytes: () => fstatSync(fd).size,
    close(): void {
      isClosing = true
      // The number of a file that is closed goes to the next one that is opened, which would be synced instead.
      if (!isSyncing) closeQuietly(fd)
    },
  }
}

/** On a network share, a close may fail with the error of an earlier write. Syncs report that, where they are asked for. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // The number is free all the same (close(2)).
  }
}

/** Appends one line to a file that is opened for it. @throws where the file does not take all of it */
export function appendLine(path: string, line: string): void {
  const file = openAppendFile(path)
  try {
    const bytes = Buffer.from(`${line}\n`)
    if (file.append(bytes) < bytes.length) throw new Error('the disk is full')
  } finally {
    file.close()
  }
}

/** @throws the first error only: after a part was written, its length is what counts */
function writeOrStop(fd: number, bytes: Buffer, from: number): number {
  try {
    return writeSync(fd, bytes, from)
  } catch (error) {
    if (from === 0) throw error
    return 0
  }
}

/** @throws when the disk is full; the file is closed then */
function endLine(fd: number): void {
  try {
    if (!endsWithLine(fd)) writeSync(fd, '\n')
  } catch (error) {
    closeQuietly(fd)
    throw error
  }
}

function endsWithLine(fd: number): boolean {
  const { size } = fstatSync(fd)
  if (size === 0) return true
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, size - 1)
  return last[0] === 0x0a
}
