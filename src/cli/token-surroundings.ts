import { text } from 'node:stream/consumers'

/** The input, network and clock that commands use beside the terminal. */
export type TokenSurroundings = {
  readInput: () => Promise<string>
  fetch: typeof fetch
  /** Milliseconds since the epoch. */
  now: () => number
}

export const processSurroundings: TokenSurroundings = { readInput: () => text(process.stdin), fetch, now: Date.now }

/** The token as given, or from standard input; without `Bearer ` and the line end that copying brings along. */
export async function tokenFrom(given: string | undefined, readInput: () => Promise<string>): Promise<string> {
  const text = given === undefined || given === '-' ? await readInput() : given
  return text.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, '')
}
