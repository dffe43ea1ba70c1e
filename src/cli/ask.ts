// This folder: the command `stagedoor`.

import { setTimeout as delay } from 'node:timers/promises'

import { CommandFailed } from './run-action.ts'
import { whyNoAnswer } from './why-no-answer.ts'

/** `body` goes as JSON, `form` as a form, which is what a token endpoint takes (RFC 6749 §4.1.3). */
export type Request = {
  method?: string
  headers?: Record<string, string>
  body?: unknown
  form?: Record<string, string>
}
export type Answer = { status: number; body: Record<string, unknown> }

/** Sends and reads JSON. */
export type Ask = (url: string, request?: Request) => Promise<Answer>

const timeoutMs = 20_000
const maxTries = 5
const maxPauseMs = 30_000

/** Asks anew after 429 and 5xx, as `Retry-After` says; a service that does not answer at all fails the call. */
export function createAsk(fetch: typeof globalThis.fetch): Ask {
  return async (url, request = {}) => {
    for (let attempt = 1; ; attempt += 1) {
      const { response, answer } = await askOnce(fetch, url, request)
      const isTransient = answer.status === 429 || answer.status >= 500
      if (!isTransient || attempt === maxTries) return answer
      await delay(pauseMs(response.headers.get('retry-after'), attempt))
    }
  }
}

async function askOnce(fetch: typeof globalThis.fetch, url: string, { method = 'GET', headers, body, form }: Request) {
  const content =
    form !== undefined ? { body: new URLSearchParams(form) } : body !== undefined ? { body: JSON.stringify(body) } : {}
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const all = { accept: 'application/json', ...type, ...headers }
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { method, headers: all, redirect: 'manual', signal, ...content })
    return { response, answer: { status: response.status, body: recordOf(await response.json().catch(() => ({}))) } }
  } catch (cause) {
    throw new CommandFailed(`${new URL(url).origin} does not answer: ${whyNoAnswer(cause)}`, { cause })
  }
}

function pauseMs(retryAfter: string | null, attempt: number): number {
  const seconds = Number(retryAfter ?? Number.NaN)
  return Math.min(Number.isFinite(seconds) ? seconds * 1000 : 250 * 2 ** attempt, maxPauseMs)
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
