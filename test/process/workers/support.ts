import { type Board, createBoard } from '../../../src/process/workers/board.ts'
import type { ToPrimary, ToWorker } from '../../../src/process/workers/messages.ts'
import { createPeers, type Peers } from '../../../src/process/workers/peers.ts'

export type WorkersHouse = { board: Board; join: (id: number) => Peers; one: Peers; two: Peers }

/** Two workers and a board, without processes: messages arrive a moment later, and in order. */
export function startWorkersHouse(now = () => 0): WorkersHouse {
  const board = createBoard(now)
  const join = (id: number): Peers => {
    let hear: (message: ToWorker) => void = () => undefined
    const peers = createPeers({
      send: (message: ToPrimary) => queueMicrotask(() => board.receive(id, message)),
      onMessage: (listener) => void (hear = listener),
    })
    board.join(id, (message) => queueMicrotask(() => hear(message)))
    return peers
  }
  return { board, join, one: join(1), two: join(2) }
}
