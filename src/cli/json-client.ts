import { setTimeout as delay } from 'node:timers/promises'

import { CommandFailed } from './run-action.ts'
import { waysToReach, whyNoAnswer } from './why-no-answer.ts'

/** `body` is sent as JSON. `form` is sent as a form, as token endpoints require (RFC 6749 §4.1.3). */
type JsonRequest = {
  method?: string
  headers?: Record<string, string>
  body?: unknown
  form?: Record<string, string>
}
export type JsonAnswer = { status: number; body: Record<string, unknown> }

/** Sends a request, and reads the JSON of its answer. */
export type SendJson = (url: string, request?: JsonRequest) => Promise<JsonAnswer>

const timeoutMs = 20_000
const maxTries = 5
const maxPauseMs = 30_000

/** Makes a JSON client that retries after 429 and 5xx, and respects `Retry-After`. */
export function createSendJson(fetch: typeof globalThis.fetch): SendJson {
  const retrying = retryingFetch(fetch)
  return async (url, request) => sendJson(retrying, url, request)
}

/** @throws CommandFailed when there is no answer */
export async function sendJson(
  fetch: typeof globalThis.fetch,
  url: string,
  { method = 'GET', headers, body, form }: JsonRequest = {},
): Promise<JsonAnswer> {
  const content =
    form !== undefined ? { body: new URLSearchParams(form) } : body !== undefined ? { body: JSON.stringify(body) } : {}
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const all = { accept: 'application/json', ...type, ...headers }
  const response = await answerOf(fetch, url, { method, headers: all, ...content })
  return { status: response.status, body: recordOf(await response.json().catch(() => ({}))) }
}

/** Retries after 429 and 5xx, and respects `Retry-After`. Does not retry, but throws, when there is no answer. */
export function retryingFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (url, init) => {
    for (let attempt = 1; ; attempt += 1) {
      const response = await answerOf(fetch, url, init)
      const isTransient = response.status === 429 || response.status >= 500
      if (!isTransient || attempt === maxTries) return response
      await response.body?.cancel()
      await delay(pauseMs(response.headers.get('retry-after'), attempt))
    }
  }
}

async function answerOf(fetch: typeof globalThis.fetch, url: Parameters<typeof fetch>[0], init: RequestInit = {}) {
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
  } catch (cause) {
    if (cause instanceof CommandFailed) throw cause
    const address = url instanceof Request ? url.url : String(url)
    const asked = URL.parse(address)
    if (asked === null) throw new CommandFailed(`${address} is not a URL: write for example https://portal.example.com`)
    const reason = whyNoAnswer(cause)
    throw new CommandFailed(`${asked.origin} does not answer: ${reason}. ${waysToReach(reason, asked.host)}`, { cause })
  }
}

function pauseMs(retryAfter: string | null, attempt: number): number {
  const seconds = Number(retryAfter ?? Number.NaN)
  return Math.min(Number.isFinite(seconds) ? seconds * 1000 : 250 * 2 ** attempt, maxPauseMs)
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
