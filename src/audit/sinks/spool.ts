import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { type AppendFile, openAppendFile } from './append-file.ts'
import { bytesOf } from './sink.ts'

type SpoolLimits = {
  maxBytes: number
  /** The largest number of lines in one piece. */
  maxLines: number
}

export type SpoolOptions = SpoolLimits & {
  /** Shared by the processes of one gateway. Each process has its own subfolder. */
  folder: string
  writer: string
}

type Piece = { name: string; bytes: number; lines: number }

/**
 * A queue on disk of lines that wait to be sent. It consists of pieces (files), each sent as a whole. A new spool takes over the
 * pieces of processes that have ended.
 */
export class Spool {
  #limits: SpoolLimits
  readonly #writer: string
  readonly #folder: string
  readonly #pieces: Piece[]
  #count = 0
  #open: { file: AppendFile; piece: Piece } | undefined
  #lost = 0

  constructor({ folder, writer, ...limits }: SpoolOptions) {
    this.#limits = limits
    this.#writer = writer
    // The name contains the process id, so that other processes can tell whether the owner still runs.
    this.#folder = join(folder, `${writer}.${process.pid}`)
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    adopt(folder, this.#folder)
    this.#pieces = pieceNames(this.#folder).map((name) => measured(this.#folder, name))
  }

  get waiting(): number {
    return this.#pieces.reduce((sum, { lines }) => sum + lines, 0)
  }

  /** The number of lines that were lost because their file was removed before it was sent. */
  get lost(): number {
    return this.#lost
  }

  limit(next: SpoolLimits): void {
    this.#limits = next
  }

  /** When it returns, the operating system has the lines. @throws when the queue or the disk is full */
  append(lines: readonly string[]): void {
    const { maxBytes, maxLines } = this.#limits
    const bytes = bytesOf(lines)
    const waitingBytes = this.#pieces.reduce((sum, piece) => sum + piece.bytes, 0)
    if (waitingBytes + bytes.length > maxBytes) throw new Error('the queue on disk is full')
    this.#open ??= this.#openPiece()
    const { file, piece } = this.#open
    const written = file.append(bytes)
    piece.bytes += written
    piece.lines += lines.length
    if (piece.lines >= maxLines || written < bytes.length) this.#closePiece()
    if (written < bytes.length) throw new Error('the disk is full')
  }

  /** The piece that has waited longest. Skips pieces whose file was removed from outside, and counts their lines as lost. */
  oldest(): { name: string; text: string } | undefined {
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      if (piece === this.#open?.piece) this.#closePiece()
      const text = textIfThere(join(this.#folder, piece.name))
      // Drops the part of a line left by a process that was killed during a write. Its request was never answered.
      if (text !== undefined) return { name: piece.name, text: text.slice(0, text.lastIndexOf('\n') + 1) }
      this.#lost += piece.lines
      this.#pieces.shift()
    }
    return undefined
  }

  remove(name: string): void {
    rmSync(join(this.#folder, name), { force: true })
    const at = this.#pieces.findIndex((piece) => piece.name === name)
    if (at >= 0) this.#pieces.splice(at, 1)
  }

  close(): void {
    this.#closePiece()
    if (this.#pieces.length === 0) removeEmpty(this.#folder)
  }

  #openPiece(): { file: AppendFile; piece: Piece } {
    this.#count += 1
    const name = `${String(Date.now()).padStart(14, '0')}-${this.#writer}-${String(this.#count).padStart(8, '0')}.jsonl`
    const opened = { file: openAppendFile(join(this.#folder, name)), piece: { name, bytes: 0, lines: 0 } }
    // Added only after its file was created: a piece without a file would block the queue permanently.
    this.#pieces.push(opened.piece)
    return opened
  }

  #closePiece(): void {
    this.#open?.file.close()
    this.#open = undefined
  }
}

function removeEmpty(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // If the disk is read-only now, the folder remains, and the next start takes it over.
  }
}

function pieceNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
}

function textIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function measured(folder: string, name: string): Piece {
  const path = join(folder, name)
  return { name, bytes: statSync(path).size, lines: readFileSync(path, 'utf8').split('\n').length - 1 }
}

/**
 * Takes over the pieces of processes that have ended. In a container every start may have the same process id, so a folder with our own
 * id belongs to an ended process, too.
 */
function adopt(folder: string, own: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const other = join(folder, entry.name)
    if (!entry.isDirectory() || other === own || isRunning(entry.name)) continue
    try {
      for (const name of pieceNames(other)) renameSync(join(other, name), join(own, name))
      rmdirSync(other)
    } catch {
      // Another process that started at the same time has taken them over.
    }
  }
}

/** @param name the name of a process's folder, which ends with the process id */
function isRunning(name: string): boolean {
  try {
    const pid = Number(name.split('.').at(-1))
    return pid !== process.pid && process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
