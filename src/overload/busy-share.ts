import { performance } from 'node:perf_hooks'

/** @returns tells the share of the time since its last call in which the event loop was busy, 0 to 1 */
export function createBusyShare(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const current = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(current, last)
    last = current
    return utilization
  }
}
