import type { FastifyBaseLogger } from 'fastify'

import type { RequestFacts } from '../boundary/facts.ts'

/** A request's logger, created lazily: most requests log nothing, and creating a logger takes time. */
class RequestLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: object
  #made: FastifyBaseLogger | undefined
  /** Set once the boundary has accepted the request. */
  facts: Pick<RequestFacts, 'traceparent'> | undefined

  constructor(parent: FastifyBaseLogger, bindings: object) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get #logger(): FastifyBaseLogger {
    this.#made ??= this.#parent.child({ ...this.#bindings, ...(this.facts && traceOf(this.facts)) })
    return this.#made
  }

  get level(): string {
    return this.#logger.level
  }

  set level(level: string) {
    this.#logger.level = level
  }

  child(...given: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#logger.child(...given)
  }

  fatal(...given: Parameters<FastifyBaseLogger['fatal']>): void {
    this.#logger.fatal(...given)
  }
  error(...given: Parameters<FastifyBaseLogger['error']>): void {
    this.#logger.error(...given)
  }
  warn(...given: Parameters<FastifyBaseLogger['warn']>): void {
    this.#logger.warn(...given)
  }
  info(...given: Parameters<FastifyBaseLogger['info']>): void {
    this.#logger.info(...given)
  }
  debug(...given: Parameters<FastifyBaseLogger['debug']>): void {
    this.#logger.debug(...given)
  }
  trace(...given: Parameters<FastifyBaseLogger['trace']>): void {
    this.#logger.trace(...given)
  }
  silent(): void {}
}

/** Fastify's `childLoggerFactory`: the logger of one request. */
export function requestLogger(parent: FastifyBaseLogger, bindings: object): FastifyBaseLogger {
  return new RequestLogger(parent, bindings) as FastifyBaseLogger
}

/** Adds the trace to the log lines of a request. The values are read when the first line is written. */
export function nameTrace(log: FastifyBaseLogger, facts: Pick<RequestFacts, 'traceparent'>): void {
  if (log instanceof RequestLogger) log.facts = facts
}

/** W3C Trace Context §3.2.2: `00-<trace id>-<span id>-<flags>`. */
export function traceOf({ traceparent }: Pick<RequestFacts, 'traceparent'>): { traceId: string; spanId: string } {
  return { traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52) }
}
