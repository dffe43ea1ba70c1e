/** The state of one thing that Stagedoor depends on. */
export type Condition = { name: string; status: 'ok' | 'degraded' | 'unavailable'; reason?: string }
