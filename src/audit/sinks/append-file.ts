// This folder: where records go: files, standard output, HTTP receivers and syslog.

import { closeSync, fstatSync, fsync, fsyncSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

export type AppendFile = ReturnType<typeof openAppendFile>

/**
 * A file that several processes append lines to, and that only this user can read (0600). When `append` returns, the operating system
 * has the data. Opening the file adds a line feed if a killed process left the last line unfinished.
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
     * @returns the number of bytes written; fewer than given when the disk is full
     * @throws when no bytes can be written
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
    /** When it returns, the appended data is on disk. @throws when the disk does not accept it */
    sync: () => fsyncSync(fd),
    /** The asynchronous `sync`. Must not be called again before `done` is called. */
    syncBehind(done: (error: Error | null) => void): void {
      isSyncing = true
      fsync(fd, (error) => {
        isSyncing = false
        if (isClosing) closeQuietly(fd)
        done(error)
      })
    },
    /** Whether the path now names a different file, or none. */
    isMoved: () => statSync(path, { throwIfNoEntry: false })?.ino !== ino,
    sizeBytes: () => fstatSync(fd).size,
    close(): void {
      isClosing = true
      // A running sync closes the file later: the next opened file would reuse this descriptor, and be synced instead.
      if (!isSyncing) closeQuietly(fd)
    },
  }
}

/** Closing a file on a network share may fail with the error of an earlier write. A sync, if configured, reports such errors. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // The descriptor is released even after an error (close(2)).
  }
}

/** Opens the file, appends one line and closes it. @throws when the line cannot be written completely */
export function appendLine(path: string, line: string): void {
  const file = openAppendFile(path)
  try {
    const bytes = Buffer.from(`${line}\n`)
    if (file.append(bytes) < bytes.length) throw new Error('the disk is full')
  } finally {
    file.close()
  }
}

/** @throws only when nothing has been written yet; after a partial write it returns 0 instead */
function writeOrStop(fd: number, bytes: Buffer, from: number): number {
  try {
    return writeSync(fd, bytes, from)
  } catch (error) {
    if (from === 0) throw error
    return 0
  }
}

/** Adds a line feed if the last line has none. @throws when the disk is full, after closing the file */
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
