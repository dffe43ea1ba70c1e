import type { CustomFetch } from 'openid-client'

import type { Config } from '../../config/schema.ts'
import { withSlash } from '../../config/values/addresses.ts'
import type { SendJson } from '../json-client.ts'
import { whyNoAnswer } from '../why-no-answer.ts'
import { type Answer, openAsBrowser } from './low-level-requests.ts'

/** The members of a JSON object. */
export type Members = Record<string, unknown>

/** Everything that a check can use. */
export type CheckContext = {
  config: Config
  env: NodeJS.ProcessEnv
  /** Milliseconds since the epoch. */
  now: () => number
  /** Sends one request. Does not follow redirects. */
  get: (url: string, init?: RequestInit) => Promise<Answer>
  /** Sends one request as a browser does when it opens the address. */
  open: (url: string) => Promise<Answer>
  /** Auth0's discovery document; undefined if it cannot be read. */
  discovery: () => Promise<Members | undefined>
  /** The object at a path of the Management API; undefined if it cannot be read. */
  managed: (path: string) => Promise<Members | undefined>
  /** The answer at a path of the Management API. */
  managedAnswer: (path: string) => Promise<Answer>
  /** The number of 429 answers so far. */
  limited: () => number
}

type Given = Pick<CheckContext, 'config' | 'env' | 'now'> & {
  fetch: typeof fetch
  managementToken?: string | undefined
}

const timeoutMs = 10_000

export function createCheckContext({ fetch, managementToken, ...given }: Given): CheckContext {
  const { config, env } = given
  const answers = new Map<string, Promise<Answer>>()
  let limited = 0

  async function ask(send: () => Promise<Answer>): Promise<Answer> {
    const answer = await send().catch((error: unknown) => ({
      status: 0,
      headers: new Headers(),
      text: whyNoAnswer(error),
    }))
    if (answer.status === 429) limited += 1
    return answer
  }

  const get = (url: string, init: RequestInit = {}) =>
    ask(async () => {
      const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs), ...init })
      return { status: response.status, headers: response.headers, text: await response.text() }
    })

  /** Reads an address only once, and remembers its answer. */
  function read(url: string, init?: RequestInit): Promise<Answer> {
    const answer = answers.get(url) ?? get(url, init)
    answers.set(url, answer)
    return answer
  }

  const managedAnswer = (path: string) =>
    read(`${withSlash(config.auth0.issuer)}api/v2/${path}`, {
      headers: { authorization: `Bearer ${managementToken}` },
    })

  return {
    ...given,
    get,
    open: (url) => ask(() => openAsBrowser(url, env, config.auth0.tls?.ca)),
    async discovery() {
      const document = objectIn(await read(discoveryUrlOf(config.auth0.issuer)))
      return typeof document?.['issuer'] === 'string' ? document : undefined
    },
    managed: async (path) => objectIn(await managedAnswer(path)),
    managedAnswer,
    limited: () => limited,
  }
}

export function discoveryUrlOf(issuer: string): string {
  return `${withSlash(issuer)}.well-known/openid-configuration`
}

/** Whether there is no answer, or one that does not depend on the request: a rate limit, or a server error. */
export function isNoVerdict({ status }: Answer): boolean {
  return status === 0 || status === 429 || status >= 500
}

function objectIn(answer: Answer): Members | undefined {
  return answer.status === 200 ? jsonIn(answer) : undefined
}

/** Status and words of the Management API. */
export function refusalIn(answer: Answer): string {
  if (answer.status === 0) return `the Management API does not answer: ${answer.text}`
  const message = jsonIn(answer)?.['message']
  return `the Management API answers ${answer.status} ${typeof message === 'string' ? message : ''}`.trimEnd()
}

/** The JSON object in an answer; undefined if there is none. */
export function jsonIn({ text }: Answer): Members | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Members) : undefined
  } catch {
    return undefined
  }
}

/** A `fetch` for libraries that sends by `get`, so that 429 answers are counted. */
export function fetchOf(context: CheckContext): CustomFetch {
  return async (url, init) => {
    const answer = await context.get(url, init as RequestInit)
    if (answer.status === 0) throw new TypeError('fetch failed')
    return new Response(answer.text || null, answer)
  }
}

/** Sends forms as `stagedoor rotate` does, but without retries. */
export function sendJsonOf(context: CheckContext): SendJson {
  return async (url, { form = {} } = {}) => {
    const answer = await context.get(url, { method: 'POST', body: new URLSearchParams(form) })
    return { status: answer.status, body: jsonIn(answer) ?? {} }
  }
}
