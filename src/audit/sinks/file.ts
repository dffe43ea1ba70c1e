import { moveAside, removeOldest } from '../moved-files.ts'
import { type AppendFile, openAppendFile } from './append-file.ts'
import { bytesOf, type OnFailure, reasonOf, type Sink, type SinkStatus } from './sink.ts'

export type FileSinkOptions = {
  path: string
  onFailure: OnFailure
  /** When data is flushed to disk: after every write, once a second, or when the operating system decides. */
  fsync: 'always' | 'second' | 'never'
  /** A file that has reached this size is renamed, and a new one begins. */
  maxBytes: number
  /** The number of renamed files that are kept. */
  keep: number
  /** Milliseconds since the epoch. */
  now: () => number
}

const checkEveryMs = 1_000
/** Room for about 30,000 records that wait while the file cannot be written. Further records are lost, and the chain shows the gap. */
const maxWaitingBytes = 16 * 1024 ** 2

/** Writes records to a file of JSON lines before `take` returns, so that a process that is killed afterwards loses nothing. */
export class FileSink implements Sink {
  readonly name: string
  #options: FileSinkOptions
  readonly #timer: NodeJS.Timeout
  #file: AppendFile | undefined
  #waiting: string[] = []
  #waitingBytes = 0
  #lost = 0
  #reason: string | undefined
  #checkedAt = 0
  #isUnsynced = false
  #isSyncing = false

  constructor(options: FileSinkOptions) {
    this.name = `file ${options.path}`
    this.#options = options
    this.#timer = setInterval(() => this.#attend(), checkEveryMs).unref()
  }

  get onFailure(): OnFailure {
    return this.#options.onFailure
  }

  /** Takes over new settings for the same file. It keeps one writer and all waiting records. */
  use(options: FileSinkOptions): void {
    this.#options = options
  }

  take(lines: readonly string[], bytes = bytesOf(lines)): void {
    // While writes fail, only the timer and `settled` retry, not every request.
    if (this.#reason !== undefined || this.#waiting.length > 0) this.#wait(lines)
    else this.#write(lines, bytes)
  }

  async settled(): Promise<void> {
    this.#writeOut()
    if (this.#reason !== undefined) throw new Error(this.#reason)
  }

  status(): SinkStatus {
    return { reason: this.#reason, waiting: this.#waiting.length, lost: this.#lost }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    try {
      this.#writeOut()
      // Syncs even while another sync is running, because the process may exit before that one ends.
      if (this.#options.fsync === 'second') this.#sync()
    } catch (error) {
      this.#failed(error)
    }
    this.#file?.close()
    this.#file = undefined
  }

  #wait(lines: readonly string[]): void {
    for (const line of lines) {
      if (this.#waitingBytes > maxWaitingBytes) {
        this.#lost += 1
        continue
      }
      this.#waiting.push(line)
      this.#waitingBytes += line.length
    }
  }

  #writeOut(): void {
    if (this.#waiting.length === 0) return
    const lines = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.#write(lines, bytesOf(lines))
  }

  /** Writes lines. Those that cannot be written wait. */
  #write(lines: readonly string[], bytes: Buffer): void {
    let whole = 0
    try {
      this.#file = this.#freshFile()
      const written = this.#file.append(bytes)
      this.#isUnsynced = true
      // On a full disk, a part of a line may be written. It stays in the file, and the whole line is written again later.
      whole = written < bytes.length ? linesIn(bytes.subarray(0, written)) : lines.length
      if (whole < lines.length) throw new Error('the disk is full')
      if (this.#options.fsync === 'always') this.#sync()
      this.#reason = undefined
    } catch (error) {
      this.#wait(lines.slice(whole))
      this.#failed(error)
    }
  }

  #freshFile(): AppendFile {
    const { path, maxBytes, keep, now } = this.#options
    const open = this.#file ?? openAppendFile(path)
    this.#file = open
    // `abs`, so that the check also runs after the clock was set back.
    if (Math.abs(now() - this.#checkedAt) < checkEveryMs) return open
    this.#checkedAt = now()
    if (!open.isMoved()) {
      if (open.sizeBytes() < maxBytes) return open
      if (this.#options.fsync === 'second' && this.#isUnsynced) this.#sync()
      moveAside(path, now(), open.isMoved)
      removeOldest(path, keep)
    }
    open.close()
    this.#file = undefined
    return openAppendFile(path)
  }

  #failed(error: unknown): void {
    this.#reason = reasonOf(error)
    this.#file?.close()
    this.#file = undefined
  }

  #sync(): void {
    this.#isUnsynced = false
    this.#file?.sync()
  }

  /** Syncs without blocking requests, because a disk may be slow. */
  #syncBehind(): void {
    if (this.#isSyncing || this.#file === undefined) return
    this.#isUnsynced = false
    this.#isSyncing = true
    this.#file.syncBehind((error) => {
      this.#isSyncing = false
      if (error !== null) this.#failed(error)
    })
  }

  #attend(): void {
    this.#writeOut()
    if (this.#options.fsync === 'second' && this.#isUnsynced) this.#syncBehind()
  }
}

function linesIn(bytes: Buffer): number {
  return bytes.filter((byte) => byte === 0x0a).length
}
