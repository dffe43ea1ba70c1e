/** The environment of a candidate: a process that listens on `port` and prints one line when it is ready. */
export const port = Number(process.env.BENCH_PORT)
export const originUrl = process.env.BENCH_ORIGIN ?? ''
export const redisUrl = process.env.BENCH_REDIS ?? ''

export type Announcement = {
  cookie?: string
  token?: string
  /** More request headers, one `Name: value` each. */
  headers?: readonly string[]
  /** The path to request, instead of the case's path. */
  path?: string
}

export function announce(announcement: Announcement): void {
  process.stdout.write(`${JSON.stringify(announcement)}\n`)
}

// Exit normally: Node writes a profile only then.
process.once('SIGTERM', () => process.exit(0))
