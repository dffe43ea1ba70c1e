import { connect as connectTcp, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { connect as connectTls } from 'node:tls'

import { type OnFailure, reasonOf, type Sink, type SinkStatus } from './sink.ts'

export type SyslogSinkOptions = {
  host: string
  port: number
  /** TLS (RFC 5425); without it, plain TCP (RFC 6587). */
  tls: { ca?: string; cert?: string; key?: string } | undefined
  onFailure: OnFailure
  /** How long connecting may take, and how long the server may read nothing of the data sent to it. */
  timeoutMs?: number
}

const maxWaiting = 20_000
const maxRetryMs = 10_000
const defaultTimeoutMs = 10_000
const closeTimeoutMs = 1_000

/**
 * Sends records as messages of RFC 5424 on one connection. Syslog has no acknowledgement, so a record counts as kept when the operating
 * system has accepted it for the connection. A broken connection may lose records in transit. Use a file or HTTP if none may be lost.
 */
export class SyslogSink implements Sink {
  readonly name: string
  readonly onFailure: OnFailure
  readonly #options: SyslogSinkOptions
  readonly #sender = { hostName: hostname(), processId: process.pid }
  #waiting: string[] = []
  #lost = 0
  #socket: Socket
  #isConnected = false
  /** The write in progress. There is one at a time, so that records stay in order and the number that waits is limited. */
  #writing: Promise<void> | undefined
  #reason: string | undefined = 'not connected yet'
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: SyslogSinkOptions) {
    this.name = `syslog ${options.host}:${options.port}`
    this.onFailure = options.onFailure
    this.#options = options
    this.#socket = this.#open()
  }

  take(lines: readonly string[]): void {
    for (const line of lines) {
      if (this.#waiting.length < maxWaiting) this.#waiting.push(line)
      else this.#lost += 1
    }
    this.#send()
  }

  async settled(): Promise<void> {
    // Records that arrive during a write are sent by the next one.
    while (this.#writing !== undefined) await this.#writing
    if (this.#waiting.length > 0) throw new Error(this.#reason ?? 'the syslog server does not take records')
  }

  status(): SinkStatus {
    return { reason: this.#reason, waiting: this.#waiting.length, lost: this.#lost }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const socket = this.#socket
    if (socket.destroyed) return
    const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
    const late = setTimeout(() => socket.destroy(), closeTimeoutMs)
    await this.settled().catch(() => undefined)
    if (this.#isConnected) socket.end()
    else socket.destroy()
    await closed
    clearTimeout(late)
  }

  #open(): Socket {
    const { host, port, tls, timeoutMs = defaultTimeoutMs } = this.#options
    const at = { host, port, timeout: timeoutMs }
    const socket = tls === undefined ? connectTcp(at) : connectTls({ ...at, ...tls, servername: host })
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => this.#opened())
    socket.once('timeout', () => socket.destroy(new Error('the syslog server does not answer')))
    socket.once('error', (error) => (this.#reason = reasonOf(error)))
    socket.once('close', () => this.#reopenLater())
    return socket.setKeepAlive(true).unref().resume()
  }

  #opened(): void {
    this.#socket.setTimeout(0)
    this.#isConnected = true
    this.#failures = 0
    this.#reason = undefined
    this.#send()
  }

  #reopenLater(): void {
    this.#isConnected = false
    this.#reason ??= 'the syslog server closed the connection'
    this.#failures += 1
    if (this.#isClosed) return
    const waitMs = Math.min(maxRetryMs, 100 * 2 ** Math.min(this.#failures, 10))
    this.#timer = setTimeout(() => (this.#socket = this.#open()), waitMs).unref()
  }

  #send(): void {
    if (!this.#isConnected || this.#writing !== undefined || this.#waiting.length === 0) return
    const lines = this.#waiting
    this.#waiting = []
    const { timeoutMs = defaultTimeoutMs } = this.#options
    const socket = this.#socket.setTimeout(timeoutMs)
    this.#writing = new Promise((resolve) => {
      socket.write(lines.map((line) => syslogFrame(line, this.#sender)).join(''), (error) => {
        socket.setTimeout(0)
        this.#writing = undefined
        if (error) this.#waiting = [...lines, ...this.#waiting]
        else this.#send()
        resolve()
      })
    })
  }
}

/** Facility 13 (log audit), severity 6 (informational): RFC 5424 §6.2.1. */
const priority = 13 * 8 + 6

/**
 * A record as a message of RFC 5424 with its length before it (RFC 6587 §3.4.1), so that no text in the record can end the message.
 * The record is JSON, in which every control character is escaped.
 * @param line a record of the trail
 */
export function syslogFrame(line: string, { hostName, processId }: { hostName: string; processId: number }): string {
  const { time, event } = JSON.parse(line) as { time: string; event: string }
  const message = `<${priority}>1 ${time} ${hostName.slice(0, 255) || '-'} stagedoor ${processId} ${event} - ${line}`
  return `${Buffer.byteLength(message)} ${message}`
}
