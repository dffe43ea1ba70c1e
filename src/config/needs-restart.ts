import type { Config } from './schema.ts'

/** An option whose new value waits for a restart; the values are no secrets. */
export type Waiting = { option: string; inForce: unknown; found: unknown }

/** What the process that was started holds on to. */
const held: Record<string, (config: Config) => unknown> = {
  'server.admin.host': ({ server }) => server.admin.host,
  'server.admin.port': ({ server }) => server.admin.port,
}

/**
 * Options that differ and take effect at the next restart only.
 * @param started what the process was started with
 */
export function needsRestart(started: Config, read: Config): Waiting[] {
  const waiting = Object.entries(held).flatMap(([option, valueOf]) => {
    const [inForce, found] = [valueOf(started), valueOf(read)]
    return inForce === found ? [] : [{ option, inForce, found }]
  })
  // One process that serves by itself looks after no others.
  const { workers } = read.server
  if (started.server.workers !== 1 || workers === 1) return waiting
  return [...waiting, { option: 'server.workers', inForce: 1, found: workers }]
}
