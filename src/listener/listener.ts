import type { Socket } from 'node:net'

import type { Config } from '../config/schema.ts'
import { type Acceptors, createAcceptors } from './acceptors.ts'
import type { CurrentCertificate } from './certificate.ts'
import { createHttpServer, type HttpServer, type HttpServerParts, type HttpServerSettings } from './http-server.ts'

type Address = Config['server']['listen']

/** A new address, beside the former one. `keep` stops the former, `giveUp` the new one; open connections stay in both cases. */
type Listening = { keep(): void; giveUp(): void }

type Reader = { http: HttpServer; isSecure: boolean; settings: string; open: number }

/**
 * The entrance for clients: sockets that listen, and the server that reads requests from their connections. Each can be
 * replaced while the other stays, and neither ends a connection by that.
 */
export class Listener {
  readonly #parts: HttpServerParts
  readonly #opened = new Set<Acceptors>()
  /** Each reads the connections that it was given. */
  readonly #readers = new Set<Reader>()
  #reader: Reader | undefined
  #certificate: CurrentCertificate | undefined

  constructor(parts: HttpServerParts) {
    this.#parts = parts
  }

  /** How new connections are read from now on; open ones stay as they are. */
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
   * Listens at an address, beside the one where it listens already.
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

  /** From now on each answer says that it is the last on its connection; idle connections are closed after so long. */
  stopKeepAlive(idleMs: number): void {
    for (const { http } of this.#readers) http.stopKeepAlive(idleMs)
  }

  /** Takes in no more connections; resolves when those that are open have ended. Idle ones are closed. */
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
