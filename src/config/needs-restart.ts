import type { Config } from './schema.ts'

/** An option whose new value waits for a restart; the values are no secrets. */
export type Waiting = { option: string; inForce: unknown; found: unknown }

/** What the process that looks after the workers holds on to, or what all workers of all times share. */
const held: Record<string, (config: Config) => unknown> = {
  'server.admin.host': ({ server }) => server.admin.host,
  'server.admin.port': ({ server }) => server.admin.port,
  // Of the admin listener only: its probes stay where they are.
  'server.prefix': ({ server }) => server.prefix,
  // The keys in use stay in use, so that their signatures stay valid.
  'assertion.keys.store': ({ assertion }) => assertion.keys.store,
  'assertion.keys.path': ({ assertion }) => assertion.keys.path,
  'machines.keys.store': ({ machines }) => machines.keys.store,
  'machines.keys.path': ({ machines }) => machines.keys.path,
  'audit.keys.store': ({ audit }) => audit.keys.store,
  'audit.keys.path': ({ audit }) => audit.keys.path,
}

/**
 * Options that differ and take effect at the next restart only.
 * @param started what the process was started with
 */
export function needsRestart(started: Config, read: Config): Waiting[] {
  return Object.entries(held).flatMap(([option, valueOf]) => {
    const [inForce, found] = [valueOf(started), valueOf(read)]
    return inForce === found ? [] : [{ option, inForce, found }]
  })
}
