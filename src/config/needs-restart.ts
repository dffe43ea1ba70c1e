import type { Config } from './schema.ts'
import { workerCount } from './worker-count.ts'

/** An option whose new value needs a restart. The values are not secret. */
type Waiting = { option: string; inForce: unknown; found: unknown }

/**
 * Options that differ and take effect only at the next restart, because the process applies them once at its start.
 * @param formerConfig the configuration that the process was started with, with the address where it listens now
 */
export function needsRestart(formerConfig: Config, readConfig: Config): Waiting[] {
  const { server: former } = formerConfig
  const { server: read } = readConfig
  const appliedAtStart: Waiting[] = [
    { option: 'server.admin.host', inForce: former.admin.host, found: read.admin.host },
    { option: 'server.admin.port', inForce: former.admin.port, found: read.admin.port },
  ]
  if (isSamePortElsewhere(former.listen, read.listen)) {
    appliedAtStart.push({ option: 'server.listen.host', inForce: former.listen.host, found: read.listen.host })
  }
  // A process that serves requests itself cannot start workers later.
  if (workerCount(formerConfig) === 1 && workerCount(readConfig) > 1) {
    appliedAtStart.push({ option: 'server.workers', inForce: former.workers, found: read.workers })
  }
  return appliedAtStart.filter(({ inForce, found }) => inForce !== found)
}

/** The configuration that can take effect while the process listens: with the present address, if the new one needs a restart. */
export function withoutTakenHost(inForce: Config, read: Config): Config {
  const { listen } = inForce.server
  return isSamePortElsewhere(listen, read.server.listen) ? { ...read, server: { ...read.server, listen } } : read
}

type Address = Config['server']['listen']

/** Whether only the host differs. Often one of the two hosts is `0.0.0.0`, which already uses the port on every address. */
function isSamePortElsewhere(held: Address, wanted: Address): boolean {
  const areSockets = held.path !== undefined || wanted.path !== undefined
  return !areSockets && held.port === wanted.port && held.host !== wanted.host
}
