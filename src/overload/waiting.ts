import type { Socket } from 'node:net'

import { Node } from 'yallist'

/** Somebody in the line. */
export type Waiting = {
  readonly since: number
  /** @param turn the one in which this happens */
  begin(turn: number): void
  /** Has waited too long. */
  giveUp(): void
}

const place = Symbol('place in the line')

type Connection = Socket & { [place]?: Unread | undefined }

/** Gives connections one shape from their beginning: what V8 made for another would have to be made anew, under load. */
export function shapeForLine(socket: Socket): void {
  ;(socket as Connection)[place] = undefined
}

export const unreadOf = (socket: Socket): Unread | undefined => (socket as Connection)[place]

/** A connection that is not read while it waits. Made once: what lives as long as a wait would be moved by the collector. */
export class Unread implements Waiting {
  readonly node = new Node<Waiting>(this)
  readonly #socket: Socket
  since = 0
  #calledIn = -1
  #hasGoneOn = false
  #mayGoOn = false

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Has a connection not be read from now on. */
  static on(socket: Connection, since: number): Unread {
    const unread = (socket[place] ??= new Unread(socket))
    unread.since = since
    socket.pause()
    return unread
  }

  begin(turn: number): void {
    this.#calledIn = turn
    this.#hasGoneOn = false
    this.#socket.resume()
  }

  /** Notes a request that has come. @returns whether it may begin */
  takesTurn(turn: number): boolean {
    const isItsTurn = this.#mayGoOn || this.#calledIn === turn
    // One request, also where others came right behind it.
    this.#mayGoOn = false
    this.#calledIn = -1
    return isItsTurn
  }

  /** Has been served. @returns whether it may ask once more before it waits again, whenever that is */
  goesOn(): boolean {
    if (this.#hasGoneOn) return false
    this.#hasGoneOn = true
    this.#mayGoOn = true
    return true
  }

  giveUp(): void {
    this.#socket.resume()
  }
}
