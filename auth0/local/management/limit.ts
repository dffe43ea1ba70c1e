import type { ServerResponse } from 'node:http'

import type { Tenant } from '../tenant.ts'

/** A fixed window of a minute for each client, reported in `x-ratelimit-*`; `reset` is in Unix seconds. */
export function createRateLimit(tenant: Tenant) {
  const windows = new Map<string, { minute: number; calls: number }>()

  /** Writes the headers. @returns whether the call exceeds the limit */
  return function isOverLimit(clientId: string, response: ServerResponse): boolean {
    const limit = tenant.settings.managementCallsPerMinute
    const minute = Math.floor(tenant.nowMs() / 60_000)
    const last = windows.get(clientId)
    const calls = last?.minute === minute ? last.calls + 1 : 1
    windows.set(clientId, { minute, calls })
    response.setHeader('x-ratelimit-limit', String(limit))
    response.setHeader('x-ratelimit-remaining', String(Math.max(limit - calls, 0)))
    response.setHeader('x-ratelimit-reset', String((minute + 1) * 60))
    return calls > limit
  }
}
