import { text } from 'node:stream/consumers'

import type { Config } from '../config/schema.ts'
import { createFetch } from '../process/outgoing-fetch.ts'

/** Everything that commands use of the process and its environment. Tests pass their own. */
export type CommandContext = {
  env: NodeJS.ProcessEnv
  /** The current folder, to shorten file names. */
  folder: string
  /** Reads standard input to its end. */
  readInput: () => Promise<string>
  out: (text: string) => void
  err: (text: string) => void
  setExitCode: (code: number) => void
  fetch: typeof fetch
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The context of the running process. */
export function processContext(outgoing: typeof fetch): CommandContext {
  return {
    env: process.env,
    folder: process.cwd(),
    readInput: () => text(process.stdin),
    out: writeOut,
    err: (text) => void process.stderr.write(text),
    setExitCode: (code) => {
      process.exitCode = code
    },
    fetch: outgoing,
    now: Date.now,
  }
}

function writeOut(text: string): void {
  // When the reader of the output stops early, as `head` does, the command exits silently.
  if (process.stdout.listenerCount('error') === 0) {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit()
    })
  }
  process.stdout.write(text)
}

/** The `fetch` for the login service of a configuration; it trusts the certificate authority in `auth0.tls.ca`. */
export async function fetchFor({ auth0 }: Config, { env, fetch }: CommandContext): Promise<typeof fetch> {
  return auth0.tls?.ca === undefined ? fetch : createFetch(env, auth0.tls.ca)
}
