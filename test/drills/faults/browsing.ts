import { decodeJwt } from 'jose'
import type { Test } from 'tap'
import { Agent, request } from 'undici'

import type { createSessionEditor } from '../../support/aged-sessions.ts'
import type { Replicas } from '../../support/replicas.ts'
import { sessionOf } from '../../support/sessions.ts'
import { until, untilCounted } from '../../support/until.ts'
import type { DrillReport } from '../support.ts'
import { brokenOff, type Outcome, poison, unfinished } from './unruly-upstream.ts'

/** A browser with a session that sends requests on and on, whatever happens. */
export type Browser = {
  subject: string
  cookie: string
  /** From when on a 401 is right, and a little later anything else wrong. */
  signedOutAtMs: number
  /** Answers that broke a promise. */
  wrong: string[]
  served: number
}

export type BrowsingOptions = {
  stack: Pick<Replicas, 'all'>
  editor: Pick<Awaited<ReturnType<typeof createSessionEditor>>, 'begin'>
  issuer: string
  count: number
  report: DrillReport
  /** The next path that the browser with this number asks for. */
  path?: (id: number, turn: number) => string
  /** Whether since this moment there was a time in which the upstream answered, but did not know its paths yet. */
  isUpstreamStarting?: (sinceMs: number) => boolean
  /** The target and the assertion that an upstream says it has got. */
  read?: (text: string) => { target: string; assertion: string }
}

export type Browsing = {
  all: Browser[]
  /** How many answers had this outcome so far. */
  answered(outcome: Outcome): number
  /** Until each browser has asked about once more. */
  some(): Promise<void>
  /** Closes all connections, too. */
  stop(): Promise<void>
  /** What was wrong, of all browsers. */
  wrong(): string[]
}

/** Stands in each request, and in no record of it: what has it is the request itself. */
export const markOfRequest = /turn-\d+-\d+/g

/** By then every process has heard of a sign-out. */
const spreadMs = 2_000
const expectedFailures = [502, 503, 504]
const readEcho = (text: string) => JSON.parse(text) as { target: string; assertion: string }

/** Browsers with sessions of their own, each of which asks one replica after the other and judges every answer. */
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
        // Whatever an upstream does, the gateway has an answer in time.
        if (error.code === 'UND_ERR_HEADERS_TIMEOUT') browser.wrong.push(`${browser.subject} ${target}: no answer`)
      })
      const text = await answer?.body.text().catch(() => undefined)
      report.requests += 1
      if (answer !== undefined) note(outcomeOf(answer.statusCode, text))
      if (answer !== undefined && text !== undefined) judge(browser, target, answer.statusCode, text, startedAtMs)
      // A gateway that is gone refuses at once: a browser does not ask a thousand times a second.
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

/** Has gateways load what they load with their first requests, so that what grows later is a leak. */
export async function warmUp(t: Test, options: BrowsingOptions): Promise<void> {
  const browsing = await startBrowsing(t, options)
  await until(() => browsing.all.every(({ served }) => served > 2))
  await browsing.stop()
}

/** Browsers that have all been served, and of which the first five have signed out then. */
export async function startBrowsingWithSignOuts(t: Test, options: BrowsingOptions): Promise<Browsing> {
  const browsing = await startBrowsing(t, options)
  await until(() => browsing.all.every(({ served }) => served > 0))
  for (const browser of browsing.all.slice(0, 5)) await signOut(options.stack, browser)
  return browsing
}

/** @param text undefined where the answer broke off */
function outcomeOf(status: number, text: string | undefined): Outcome {
  if (text === undefined) return brokenOff
  return status >= 500 ? (/"code":"(\w+)"/.exec(text)?.[1] ?? status) : status
}

/** Signs the browser out; from then on it must not be served. */
async function signOut({ all }: Pick<Replicas, 'all'>, browser: Browser): Promise<void> {
  const [first] = all
  // From here on a 401 is right, and from what the answer says on nothing else.
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

/** Counts sessions that were lost and those that came back, as each replica sees them once all runs again. */
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
