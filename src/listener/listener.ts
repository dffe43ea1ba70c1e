import type { Socket } from 'node:net'

import type { Config } from '../config/schema.ts'
import { type Acceptors, createAcceptors } from './acceptors.ts'
import type { CurrentCertificate } from './certificate.ts'
import { createHttpServer, type HttpServer, type HttpServerParts, type HttpServerSettings } from './http-server.ts'

type Address = Config['server']['listen']

/** A new address next to the former one. `keep` stops the former, `giveUp` the new one; open connections stay in both cases. */
type Listening = { keep(): void; giveUp(): void }

type Reader = { http: HttpServer; isSecure: boolean; settings: string; open: number }

/**
 * Accepts clients: it holds the listening sockets, and the server that reads requests from their connections. Sockets and server
 * can be replaced independently, without ending a connection.
 */
export class Listener {
  readonly #parts: HttpServerParts
  readonly #opened = new Set<Acceptors>()
  /** The current reader, and former ones whose connections are still open. */
  readonly #readers = new Set<Reader>()
  #reader: Reader | undefined
  #certificate: CurrentCertificate | undefined

  constructor(parts: HttpServerParts) {
    this.#parts = parts
  }

  /** Sets how new connections are read from now on; open ones stay as they are. */
  use(settings: HttpServerSettings, certificate: CurrentCertificate | undefined): void {
    const { maxHeaderBytes, timeouts } = settings
    const described = JSON.stringify([maxHeaderBytes, timeouts.headers, timeouts.keepAlive, timeouts.transfer])
    const isSecure = certificate !== undefined
    const before = this.#reader
    if (before?.settings !== described || before.isSecure !== isSecure) {
      const http = createHttpServer(settings, certificate?.current(), this.#parts)
      this.#reader = { http, isSecure, settings: described, open: 0 }
      this.#readers.add(this.#reader)
      if (before?.open === 0) this.#discard(before)
      for (const acceptors of this.#opened) acceptors.allowHalfOpen(!isSecure)
    }
    this.#follow(certificate)
  }

  /**
   * Listens at an address, in addition to any former one.
   * @throws Error EADDRINUSE
   */
  async listen(address: Address): Promise<Listening> {
    const acceptors = createAcceptors(address, (socket) => this.#read(socket))
    acceptors.allowHalfOpen(this.#reader?.isSecure !== true)
    await acceptors.listen()
    this.#opened.add(acceptors)
    return {
      keep: () => {
        for (const other of this.#opened) if (other !== acceptors) void this.#stop(other)
      },
      giveUp: () => void this.#stop(acceptors),
    }
  }

  /** From now on each answer says that it is the last on its connection. Idle connections are closed after `idleMs`. */
  stopKeepAlive(idleMs: number): void {
    for (const { http } of this.#readers) http.stopKeepAlive(idleMs)
  }

  /** Stops accepting connections and closes idle ones. Resolves when all connections have ended. */
  async close(): Promise<void> {
    const ends = [...this.#opened].map((acceptors) => this.#stop(acceptors))
    for (const { http } of this.#readers) http.closeIdle()
    await Promise.all(ends)
    for (const reader of this.#readers) this.#discard(reader)
  }

  #read(socket: Socket): void {
    const reader = this.#reader
    if (reader === undefined) return void socket.destroy()
    reader.open += 1
    socket.once('close', () => {
      reader.open -= 1
      if (reader !== this.#reader && reader.open === 0) this.#discard(reader)
    })
    reader.http.server.emit('connection', socket)
  }

  #discard(reader: Reader): void {
    this.#readers.delete(reader)
    reader.http.server.close()
  }

  #follow(certificate: CurrentCertificate | undefined): void {
    const isNew = certificate !== this.#certificate
    this.#certificate = certificate
    if (certificate === undefined) return
    this.#reader?.http.setCertificate(certificate.current())
    if (!isNew) return
    certificate.onChange((next) => {
      if (certificate === this.#certificate) this.#reader?.http.setCertificate(next)
    })
  }

  async #stop(acceptors: Acceptors): Promise<void> {
    acceptors.stop()
    await acceptors.ended()
    this.#opened.delete(acceptors)
  }
}
