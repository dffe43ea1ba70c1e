import { decodeJwt } from 'jose'
import type { Test } from 'tap'
import { Agent, request } from 'undici'

import type { createSessionEditor } from '../../support/aged-sessions.ts'
import type { Replicas } from '../../support/replicas.ts'
import { sessionOf } from '../../support/sessions.ts'
import { until, untilCounted } from '../../support/until.ts'
import type { DrillReport } from '../support.ts'
import { brokenOff, type Outcome, poison, unfinished } from './unruly-upstream.ts'

/** A browser with a session that keeps sending requests. */
export type Browser = {
  subject: string
  cookie: string
  /** From this time on a 401 is correct, and a little later every other status is wrong. */
  signedOutAtMs: number
  /** Answers that violated an invariant. */
  wrong: string[]
  served: number
}

export type BrowsingOptions = {
  stack: Pick<Replicas, 'all'>
  editor: Pick<Awaited<ReturnType<typeof createSessionEditor>>, 'begin'>
  issuer: string
  count: number
  report: DrillReport
  /** The next path that the browser with this number requests. */
  path?: (id: number, turn: number) => string
  /** Whether the upstream, at some time since this moment, answered without knowing its paths yet. */
  isUpstreamStarting?: (sinceMs: number) => boolean
  /** Reads the target and the assertion that an upstream received from its answer. */
  read?: (text: string) => { target: string; assertion: string }
}

export type Browsing = {
  all: Browser[]
  /** The number of answers with this outcome so far. */
  answered(outcome: Outcome): number
  /** Resolves when each browser has sent about one more request. */
  some(): Promise<void>
  /** Closes all connections, too. */
  stop(): Promise<void>
  /** The wrong answers of all browsers. */
  wrong(): string[]
}

/** Each request contains this mark, and no record of it does: an object with the mark is the request itself. */
export const markOfRequest = /turn-\d+-\d+/g

/** After this time every process knows of a sign-out. */
const spreadMs = 2_000
const expectedFailures = [502, 503, 504]
const readEcho = (text: string) => JSON.parse(text) as { target: string; assertion: string }

/** Browsers with their own sessions. Each sends requests to one replica after the other and checks every answer. */
export async function startBrowsing(t: Test, options: BrowsingOptions): Promise<Browsing> {
  const { stack, editor, issuer, count, report } = options
  const { path = (id, turn) => `/api/${id}-${turn}`, read = readEcho } = options
  const all = await Promise.all(
    Array.from({ length: count }, async (_, i): Promise<Browser> => {
      const subject = `auth0|browser-${i}`
      const cookie = `stagedoor=${await editor.begin(sessionOf({ subject, providerSessionId: subject, issuer }))}`
      return { subject, cookie, signedOutAtMs: Infinity, wrong: [], served: 0 }
    }),
  )
  const dispatcher = new Agent({ connections: count, headersTimeout: 30_000 })
  t.teardown(() => dispatcher.destroy())
  const outcomes = new Map<Outcome, number>()
  let isOver = false
  t.teardown(() => void (isOver = true))

  async function browse(browser: Browser, id: number): Promise<void> {
    for (let turn = 0; !isOver; turn += 1) {
      const target = path(id, turn)
      const startedAtMs = performance.now()
      const url = `${stack.all[(id + turn) % stack.all.length]?.url}${target}`
      const headers = {
        cookie: browser.cookie,
        accept: 'application/json',
        'sec-fetch-mode': 'cors',
        'x-turn': `turn-${id}-${turn}`,
      }
      const answer = await request(url, { headers, dispatcher }).catch((error: NodeJS.ErrnoException) => {
        // The gateway answers in time, whatever an upstream does.
        if (error.code === 'UND_ERR_HEADERS_TIMEOUT') browser.wrong.push(`${browser.subject} ${target}: no answer`)
      })
      const text = await answer?.body.text().catch(() => undefined)
      report.requests += 1
      if (answer !== undefined) note(outcomeOf(answer.statusCode, text))
      if (answer !== undefined && text !== undefined) judge(browser, target, answer.statusCode, text, startedAtMs)
      // A gateway that is down refuses at once. Wait, so that a browser does not send a thousand requests a second.
      else await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  const note = (outcome: Outcome): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)

  function judge(browser: Browser, path: string, status: number, text: string, startedAtMs: number): void {
    if (status === 401 && browser.signedOutAtMs < Infinity) return
    if (expectedFailures.includes(status)) return
    if (status === 404 && options.isUpstreamStarting?.(startedAtMs)) return
    if (status !== 200) return void browser.wrong.push(`${browser.subject} ${path}: ${status} ${text}`)
    browser.served += 1
    if (text.includes(unfinished))
      return void browser.wrong.push(`${browser.subject} ${path}: a part passed for the whole`)
    const { target, assertion } = read(text)
    const isOwn = target === path && target !== poison && decodeJwt(assertion).sub === browser.subject
    if (!isOwn) browser.wrong.push(`${browser.subject} ${path}: got ${text}`)
    if (startedAtMs > browser.signedOutAtMs + spreadMs) browser.wrong.push(`${browser.subject} is back`)
  }

  const browsing = all.map(browse)
  return {
    all,
    answered: (outcome) => outcomes.get(outcome) ?? 0,
    async some() {
      const asked = report.requests + count
      await untilCounted(() => report.requests, asked)
    },
    async stop() {
      isOver = true
      await Promise.all(browsing)
      await dispatcher.destroy()
    },
    wrong: () => all.flatMap((browser) => browser.wrong),
  }
}

/** Makes gateways load everything that they load with their first requests, so that later growth is a leak. */
export async function warmUp(t: Test, options: BrowsingOptions): Promise<void> {
  const browsing = await startBrowsing(t, options)
  await until(() => browsing.all.every(({ served }) => served > 2))
  await browsing.stop()
}

/** Browsers that have all been served; the first five have then signed out. */
export async function startBrowsingWithSignOuts(t: Test, options: BrowsingOptions): Promise<Browsing> {
  const browsing = await startBrowsing(t, options)
  await until(() => browsing.all.every(({ served }) => served > 0))
  for (const browser of browsing.all.slice(0, 5)) await signOut(options.stack, browser)
  return browsing
}

/** @param text undefined if the answer broke off */
function outcomeOf(status: number, text: string | undefined): Outcome {
  if (text === undefined) return brokenOff
  return status >= 500 ? (/"code":"(\w+)"/.exec(text)?.[1] ?? status) : status
}

/** Signs the browser out. From then on it must not be served. */
async function signOut({ all }: Pick<Replicas, 'all'>, browser: Browser): Promise<void> {
  const [first] = all
  // From here on a 401 is correct, and after the answer only a 401.
  browser.signedOutAtMs = performance.now()
  const answer = await request(`${first?.url}/.stagedoor/logout`, {
    method: 'POST',
    headers: {
      cookie: browser.cookie,
      origin: first?.url.replace('127.0.0.1', 'localhost') ?? '',
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'return_to=/',
  })
  await answer.body.dump()
  if (answer.statusCode !== 303) throw new Error(`signing out: ${answer.statusCode}`)
  browser.signedOutAtMs = performance.now()
}

/** Counts lost and resurrected sessions at each replica once everything runs again. */
export async function judgeSessions(
  t: Test,
  { stack, report, path = (id) => `/at-the-end/${id}` }: BrowsingOptions,
  browsers: readonly Browser[],
): Promise<void> {
  for (const [id, { cookie, signedOutAtMs }] of browsers.entries()) {
    for (const replica of stack.all) {
      let status = 0
      await until(async () => {
        ;({ status } = await replica.fetch(path(id, 0), cookie))
        return [200, 401].includes(status)
      }, 50)
      const isSignedOut = signedOutAtMs < Infinity
      if (status === 401 && !isSignedOut) report.lost += 1
      if (status === 200 && isSignedOut) report.resurrected += 1
    }
  }
  t.equal(report.lost, 0, 'no session is lost')
  t.equal(report.resurrected, 0, 'and none came back')
}
