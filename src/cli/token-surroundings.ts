import { text } from 'node:stream/consumers'

/** What the token commands need beside the terminal. */
export type TokenSurroundings = {
  readInput: () => Promise<string>
  fetch: typeof fetch
  /** Milliseconds since the epoch. */
  now: () => number
}

export const processSurroundings: TokenSurroundings = { readInput: () => text(process.stdin), fetch, now: Date.now }
