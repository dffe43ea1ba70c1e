import type { CustomFetch } from 'openid-client'

import type { Config } from '../../config/schema.ts'
import { withSlash } from '../../config/values/addresses.ts'
import type { SendJson } from '../json-client.ts'
import { whyNoAnswer } from '../why-no-answer.ts'
import { type Answer, openAsBrowser } from './low-level-requests.ts'

/** `error`: something does not work, or is not safe. `warning`: it works, and will hurt. `info`: good to know. */
export type Severity = 'info' | 'warning' | 'error'

/** The result of a check, in words for a first-time reader. */
export type Finding = {
  /** Default: that of the check. */
  id?: string
  severity: Severity
  found: string
  meaning: string
  /** The setting that mends it, with the path in Auth0's dashboard or the name in Backstage's configuration. */
  fix: string
}

/** The outcome of a check that was not made. `because` is reported; without it the configuration has nothing to check. */
export type Unasked = { because: string | undefined }

/** The configuration does not use what the check is about. */
export const nothingToAsk: Unasked = { because: undefined }

export const withoutDiscovery: Unasked = { because: 'Auth0 cannot be discovered' }

/** @param permissions scopes of the Management API */
export const lacking = (permissions: string): Unasked => ({
  because: `the management token may not read it (${permissions})`,
})

/** No finding means that all is well. */
export type Outcome = Finding[] | Unasked

/** One question to the living world. */
export type Check = {
  id: string
  title: string
  /** Findings that explain beforehand what this check would find: then it is left out. */
  unless?: readonly string[]
  run: (scene: Scene) => Promise<Outcome>
}

/** One check with its result; `because` says why it could not be asked. */
export type Result = { id: string; title: string; findings: NamedFinding[]; because?: string }

export type NamedFinding = Finding & { id: string }

/** Everything that a check may use. */
export type Scene = {
  config: Config
  env: NodeJS.ProcessEnv
  /** Milliseconds since the epoch. */
  now: () => number
  /** One request without following redirects; undefined where nothing answers. */
  get: (url: string, init?: RequestInit) => Promise<Answer | undefined>
  /** The same as a browser asks that opens the address. */
  open: (url: string) => Promise<Answer | undefined>
  /** Why nothing answered at this URL the last time; empty where something did. */
  whySilent: (url: string) => string
  /** Auth0's discovery document; undefined where it cannot be had. */
  discovery: () => Promise<Record<string, unknown> | undefined>
  /** How many answers of 429 there were so far. */
  limited: () => number
}

const timeoutMs = 10_000

export function createScene(given: Pick<Scene, 'config' | 'env' | 'now'> & { fetch: typeof fetch }): Scene {
  const { config, env, fetch } = given
  const silent = new Map<string, string>()
  let limited = 0
  let discovered: Promise<Record<string, unknown> | undefined> | undefined

  async function ask(url: string, send: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      const answer = await send()
      if (answer.status === 429) limited += 1
      silent.delete(url)
      return answer
    } catch (error) {
      silent.set(url, whyNoAnswer(error))
      return undefined
    }
  }

  const get = (url: string, init: RequestInit = {}) =>
    ask(url, async () => {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(url, { redirect: 'manual', signal, ...init })
      return { status: response.status, headers: response.headers, text: await response.text() }
    })

  async function discover(): Promise<Record<string, unknown> | undefined> {
    const answer = await get(discoveryUrlOf(config.auth0.issuer))
    const document = answer?.status === 200 ? jsonIn(answer) : undefined
    return typeof document?.['issuer'] === 'string' ? document : undefined
  }

  return {
    ...given,
    get,
    open: (url) => ask(url, () => openAsBrowser(url, env, config.auth0.tls?.ca)),
    whySilent: (url) => silent.get(url) ?? '',
    discovery: () => (discovered ??= discover()),
    limited: () => limited,
  }
}

export function discoveryUrlOf(issuer: string): string {
  return `${withSlash(issuer)}.well-known/openid-configuration`
}

/** The object that an answer carries; undefined where it is none. */
export function jsonIn({ text }: Answer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** `fetch` by way of the scene, for libraries. */
export function fetchIn(scene: Scene): CustomFetch {
  return async (url, init) => {
    const answer = await scene.get(url, init as RequestInit)
    if (answer === undefined) throw new TypeError('fetch failed')
    return new Response(answer.text || null, answer)
  }
}

/** Sends forms as the rotation does, and asks once: status 0 where nothing answers. */
export function askIn(scene: Scene): SendJson {
  return async (url, { form = {} } = {}) => {
    const answer = await scene.get(url, { method: 'POST', body: new URLSearchParams(form) })
    return { status: answer?.status ?? 0, body: (answer && jsonIn(answer)) ?? {} }
  }
}

/** Runs checks one after the other: many requests at once could exceed the tenant's rate limit. */
export async function runChecks(checks: readonly Check[], scene: Scene): Promise<Result[]> {
  const results: Result[] = []
  const found = new Set<string>()
  for (const { id, title, unless = [], run } of checks) {
    if (unless.some((cause) => found.has(cause))) continue
    const outcome = await run(scene)
    if (!Array.isArray(outcome)) {
      if (outcome.because !== undefined) results.push({ id, title, findings: [], because: outcome.because })
      continue
    }
    const findings = outcome.map((finding) => ({ id, ...finding }))
    for (const finding of findings) found.add(finding.id)
    results.push({ id, title, findings })
  }
  return results
}
