import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

import type { Config } from '../../config/schema.ts'

/** `error`: something does not work, or is not safe. `warning`: it works, and will hurt. `info`: good to know. */
export type Severity = 'info' | 'warning' | 'error'

/** The result of a check, in words for a first-time reader. */
export type Finding = {
  id: string
  severity: Severity
  found: string
  meaning: string
  /** The setting that mends it, with the path in Auth0's dashboard or the name in Backstage's configuration. */
  fix: string
}

/** One question to the living world. No finding means that all is well, or that another check says why it cannot be asked. */
export type Check = {
  id: string
  title: string
  /** Findings that explain beforehand what this check would find: then it is left out. */
  unless?: readonly string[]
  run: (scene: Scene) => Promise<Finding[]>
}

/** One check with its result. */
export type Result = { id: string; title: string; findings: Finding[] }

export type Answer = { status: number; headers: Headers; text: string }

/** What checks are given. */
export type Scene = {
  config: Config
  env: NodeJS.ProcessEnv
  /** Milliseconds since the epoch. */
  now: () => number
  /** One request without following redirects; undefined where nothing answers. */
  get: (url: string, init?: RequestInit) => Promise<Answer | undefined>
  /** Auth0's discovery document; undefined where it cannot be had. */
  discovery: () => Promise<Record<string, unknown> | undefined>
  /** How many answers of 429 there were so far. */
  limited: () => number
}

const timeoutMs = 10_000

export function createScene(given: Pick<Scene, 'config' | 'env' | 'now'> & { fetch: typeof fetch }): Scene {
  const { config, fetch } = given
  let limited = 0
  let discovered: Promise<Record<string, unknown> | undefined> | undefined

  async function get(url: string, init: RequestInit = {}): Promise<Answer | undefined> {
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(url, { redirect: 'manual', signal, ...init })
      if (response.status === 429) limited += 1
      return { status: response.status, headers: response.headers, text: await response.text() }
    } catch {
      return undefined
    }
  }

  async function discover(): Promise<Record<string, unknown> | undefined> {
    const answer = await get(discoveryUrlOf(config.auth0.issuer))
    const document = answer?.status === 200 ? jsonIn(answer) : undefined
    return typeof document?.['issuer'] === 'string' ? document : undefined
  }

  return { ...given, get, discovery: () => (discovered ??= discover()), limited: () => limited }
}

export function discoveryUrlOf(issuer: string): string {
  return `${withSlash(issuer)}.well-known/openid-configuration`
}

export const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`)

/** The object that an answer carries; undefined where it is none. */
export function jsonIn({ text }: Answer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** One check after the other: asking many things at once could use up the tenant's allowance. */
export async function runChecks(checks: readonly Check[], scene: Scene): Promise<Result[]> {
  const results: Result[] = []
  const found = new Set<string>()
  for (const { id, title, unless = [], run } of checks) {
    if (unless.some((cause) => found.has(cause))) continue
    const findings = await run(scene)
    for (const finding of findings) found.add(finding.id)
    results.push({ id, title, findings })
  }
  return results
}

const upgradeTimeoutMs = 5_000

/** Whether anything answers the upgrade to a WebSocket (RFC 6455 §4.1), be it with 101 or with another status. */
export function answersUpgrade(url: string): Promise<boolean> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'c3RhZ2Vkb29yLWRvY3Rvcg==',
  }
  return new Promise((resolve) => {
    const request = send(url, { headers, timeout: upgradeTimeoutMs })
    const end = (answer: boolean) => {
      resolve(answer)
      request.destroy()
    }
    request.once('upgrade', (_response, socket) => {
      socket.destroy()
      end(true)
    })
    request.once('response', () => end(true))
    request.once('timeout', () => end(false))
    request.once('error', () => end(false))
    request.end()
  })
}
