/** What a candidate is told, and what it tells: every one is a process that listens on `port` and prints one line. */
export const port = Number(process.env.BENCH_PORT)
export const originUrl = process.env.BENCH_ORIGIN ?? ''
export const redisUrl = process.env.BENCH_REDIS ?? ''

export type Announcement = {
  cookie?: string
  token?: string
  /** More request headers, one `Name: value` each. */
  headers?: readonly string[]
  /** Asked for in place of the case's path. */
  path?: string
}

export function announce(announcement: Announcement): void {
  process.stdout.write(`${JSON.stringify(announcement)}\n`)
}

// An orderly exit, because a profile is written only then.
process.once('SIGTERM', () => process.exit(0))
