/** The closed list of reasons to refuse; `no-rule` is the default deny. */
export type DenyReason = 'unauthenticated' | 'no-rule' | 'requirement-unmet'

/** What policy says about one request. */
export type Decision =
  | { effect: 'allow'; rule: string; upstream: string }
  | { effect: 'deny'; reason: DenyReason; rule?: string }

import type {} from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    decision: Decision | undefined
  }
}
