import { setTimeout } from 'node:timers/promises'

import { isTransient, maxAttempts, pauseUntilMsOf, waitMsOf, type Failure } from './backoff.ts'
import { createTokenSource, TokenError, type Credentials } from './token.ts'

type Query = Record<string, string>

/** As much of Auth0's Management API v2 as the catalog needs: reading, with patience. */
export type ManagementClient = {
  /**
   * The JSON of `GET /api/v2/<path>`. Waits for rate limits, and tries again after 429, 5xx and silence.
   *
   * @throws ManagementError for any other status, or after the last try
   */
  get: (path: string, query?: Query) => Promise<unknown>
  /** Opens an event stream; its body is the caller's to read. No second try. */
  open: (path: string, query: URLSearchParams, signal: AbortSignal) => Promise<Response>
}

export type ClientOptions = Credentials & {
  /** Waits that many ms; default: a timer. */
  sleep?: (ms: number) => Promise<void>
  nowMs?: () => number
  random?: () => number
  /** Called for every try that failed and will be repeated. */
  onRetry?: (what: string, waitMs: number) => void
}

const timeoutMs = 30_000

/** A call that failed for good; `status` is missing where Auth0 gave no answer. */
export class ManagementError extends Error {
  override name = 'ManagementError'
  readonly status: number | undefined

  constructor(path: string, status: number | undefined, detail: string, cause?: unknown) {
    super(`GET /api/v2/${path} failed (${status ?? 'no answer'}): ${detail}`, { cause })
    this.status = status
  }
}

type Outcome = { body: unknown } | { failure: Failure; detail: string; cause?: unknown }

export function createManagementClient(options: ClientOptions): ManagementClient {
  const { issuer, nowMs = Date.now, random = Math.random, sleep = wait, onRetry = () => {} } = options
  const tokens = createTokenSource(options, nowMs)
  let pausedUntilMs = 0

  function urlOf(path: string, query: URLSearchParams): URL {
    const url = new URL(`${issuer}api/v2/${path}`)
    url.search = query.toString()
    return url
  }

  async function send(url: URL, signal: AbortSignal, accept: string): Promise<Response> {
    const headers = { authorization: `Bearer ${await tokens.token()}`, accept }
    // A redirect would carry the token to wherever it points.
    const response = await fetch(url, { headers, signal, redirect: 'error' })
    if (response.status === 401) tokens.forget()
    return response
  }

  async function tryOnce(url: URL): Promise<Outcome> {
    try {
      const response = await send(url, AbortSignal.timeout(timeoutMs), 'application/json')
      const { status, headers } = response
      pausedUntilMs = Math.max(pausedUntilMs, pauseUntilMsOf(headers, nowMs()))
      const text = await response.text()
      return response.ok ? { body: JSON.parse(text) } : { failure: { status, headers }, detail: text.slice(0, 300) }
    } catch (cause) {
      const failure = cause instanceof TokenError ? cause : { status: undefined, headers: new Headers() }
      return { failure, detail: cause instanceof Error ? cause.message : String(cause), cause }
    }
  }

  return {
    async get(path, query = {}) {
      const url = urlOf(path, new URLSearchParams(query))
      let wasUnauthorized = false
      for (let attempt = 0; ; attempt += 1) {
        if (pausedUntilMs > nowMs()) await sleep(pausedUntilMs - nowMs())
        const outcome = await tryOnce(url)
        if ('body' in outcome) return outcome.body
        const { failure, detail, cause } = outcome
        // A token can end early (keys rotated): one new one is worth a try.
        const mayReauthorize: boolean = failure.status === 401 && !wasUnauthorized && !(cause instanceof TokenError)
        wasUnauthorized ||= mayReauthorize
        const isWorthATry = mayReauthorize || isTransient(failure.status)
        if (!isWorthATry || attempt + 1 >= maxAttempts) throw new ManagementError(path, failure.status, detail, cause)
        const waitMs = mayReauthorize ? 0 : waitMsOf(failure, attempt, nowMs(), random())
        onRetry(`GET /api/v2/${path}: ${failure.status ?? detail}`, waitMs)
        await sleep(waitMs)
      }
    },
    async open(path, query, signal) {
      return send(urlOf(path, query), signal, 'text/event-stream')
    },
  }
}

async function wait(ms: number): Promise<void> {
  await setTimeout(ms)
}
