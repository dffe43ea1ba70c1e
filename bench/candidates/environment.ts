/** What a candidate is told, and what it tells: every one is a process that listens on `port` and prints one line. */
export const port = Number(process.env.BENCH_PORT)
export const originUrl = process.env.BENCH_ORIGIN ?? ''

export type Announcement = { cookie?: string; token?: string }

export function announce(announcement: Announcement): void {
  process.stdout.write(`${JSON.stringify(announcement)}\n`)
}

// An orderly exit, because a profile is written only then.
process.once('SIGTERM', () => process.exit(0))
