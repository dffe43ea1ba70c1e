import type { Condition } from '../telemetry/condition.ts'

/** Whether the process is shutting down. Readiness reports it, and load balancers then send no more requests. */
type ShutdownState = { begin: () => void; conditions: () => Condition[] }

export function createShutdownState(): ShutdownState {
  let hasBegun = false
  return {
    begin: () => void (hasBegun = true),
    conditions: () =>
      hasBegun ? [{ name: 'process', status: 'unavailable', reason: 'Stagedoor is shutting down' }] : [],
  }
}
