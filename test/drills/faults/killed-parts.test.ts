import { readdirSync } from 'node:fs'

import { decodeJwt } from 'jose'
import t from 'tap'
import { Agent, request } from 'undici'

import { createSessionEditor } from '../../support/aged-sessions.ts'
import { type Replica, replicaSecret, type Replicas, startReplicas } from '../../support/replicas.ts'
import { sessionOf } from '../../support/sessions.ts'
import { until } from '../../support/until.ts'
import { drillSeconds, startReport } from '../support.ts'
import { manners, poison, startUnrulyUpstream, type UnrulyUpstream } from './unruly-upstream.ts'

const browserCount = 50

type Browser = { subject: string; cookie: string; signedOutAtMs: number; wrong: string[]; served: number }

/** By then every process has heard of it. */
const spreadMs = 2_000

t.test(
  'whatever dies under load, no request goes without a decision, no identity to another, no session is lost or comes back',
  { timeout: 3_600_000 },
  async (t) => {
    const upstream = await startUnrulyUpstream(t)
    const timeouts = { connect: '1s', headers: '2s' }
    const sections = { upstreams: { backstage: { url: upstream.url, timeouts } }, log: { level: 'fatal' } }
    const house = await startReplicas(t, 2, {}, { upstreamUrl: upstream.url, sections })
    const editor = await createSessionEditor(t, house.redis.url, replicaSecret)
    const browsers: Browser[] = []
    for (let i = 0; i < browserCount; i += 1) {
      const subject = `auth0|browser-${i}`
      const cookie = `stagedoor=${await editor.begin(sessionOf({ subject, providerSessionId: subject, issuer: house.auth0.issuer }))}`
      browsers.push({ subject, cookie, signedOutAtMs: Infinity, wrong: [], served: 0 })
    }
    const report = startReport(t, 'parts killed under load')
    const dispatcher = new Agent({ connections: browserCount, headersTimeout: 30_000 })
    t.teardown(() => dispatcher.destroy())
    let isOver = false
    t.teardown(() => void (isOver = true))
    const load = browsers.map((browser, i) => browse(house, browser, i, dispatcher, report, () => isOver))
    await until(() => browsers.every(({ served }) => served > 0))
    const descriptorsBefore = house.all.map(descriptorsOf)

    for (const browser of browsers.slice(0, 5)) {
      // From here on a 401 is right, and from what the answer says on nothing else.
      browser.signedOutAtMs = performance.now()
      await signOut(house, browser.cookie)
      browser.signedOutAtMs = performance.now()
    }
    do await injectAll(house, upstream, report)
    while (report.hasTime())
    isOver = true
    await Promise.all(load)

    const wrong = browsers.flatMap((browser) => browser.wrong)
    report.failures = wrong.length + upstream.unsigned.length
    t.same(wrong.slice(0, 5), [], `${report.requests} requests, ${report.faults} faults`)
    t.same(upstream.unsigned, [], 'the upstream saw no request without an assertion')
    for (const { subject, cookie, signedOutAtMs } of browsers) {
      const isSignedOut = signedOutAtMs < Infinity
      for (const replica of house.all) {
        await until(async () => (await replica.fetch('/at-the-end', cookie)).status === (isSignedOut ? 401 : 200))
      }
      t.pass(`${subject} is ${isSignedOut ? 'signed out' : 'signed in'} everywhere`)
    }
    await until(() => upstream.openSockets() < 4 * browserCount)
    await until(() => house.all.every((replica, i) => descriptorsOf(replica) <= (descriptorsBefore[i] ?? 0) + 20))
    t.pass('no process holds more descriptors than under load before the faults')
  },
)

/** One browser that asks on; each answer has to be its own, or a failure that names the gateway or the network. */
async function browse(
  house: Replicas,
  browser: Browser,
  id: number,
  dispatcher: Agent,
  report: { requests: number },
  isOver: () => boolean,
): Promise<void> {
  for (let turn = 0; !isOver(); turn += 1) {
    const path = `/api/${id}-${turn}`
    const startedAtMs = performance.now()
    const url = `${house.all[(id + turn) % house.all.length]?.url}${path}`
    const headers = { cookie: browser.cookie, accept: 'application/json', 'sec-fetch-mode': 'cors' }
    const answer = await request(url, { headers, dispatcher }).catch(() => undefined)
    const text = await answer?.body.text().catch(() => undefined)
    report.requests += 1
    if (answer !== undefined && text !== undefined) judge(browser, path, answer.statusCode, text, startedAtMs)
    // A gateway that is gone refuses at once: a browser does not ask a thousand times a second.
    else await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const expectedFailures = [502, 503, 504]

function judge(browser: Browser, path: string, status: number, text: string, startedAtMs: number): void {
  if (status === 401 && browser.signedOutAtMs < Infinity) return
  if (expectedFailures.includes(status)) return
  if (status !== 200) return void browser.wrong.push(`${browser.subject} ${path}: ${status} ${text}`)
  browser.served += 1
  const { target, assertion } = JSON.parse(text) as { target: string; assertion: string }
  const isOwn = target === path && target !== poison && decodeJwt(assertion).sub === browser.subject
  if (!isOwn) browser.wrong.push(`${browser.subject} ${path}: got ${text}`)
  if (startedAtMs > browser.signedOutAtMs + spreadMs) browser.wrong.push(`${browser.subject} is back`)
}

/** Each fault once, one after the other, with a little load in between. */
async function injectAll(
  house: Replicas,
  upstream: UnrulyUpstream,
  report: { faults: number; requests: number },
): Promise<void> {
  const some = async (): Promise<void> => {
    report.faults += 1
    const asked = report.requests + browserCount
    await until(() => report.requests >= asked)
  }
  for (const manner of manners) {
    upstream.manner = manner
    await some()
  }
  upstream.manner = 'well'
  await upstream.die()
  await some()
  await upstream.comeBack()
  await house.redis.stop()
  await some()
  await house.redis.start()
  house.auth0.switches.down('refuse')
  await some()
  house.auth0.switches.up()
  for (const replica of drillSeconds > 10 ? house.all : house.all.slice(1)) {
    await replica.kill()
    await some()
    await replica.start()
  }
}

async function signOut(house: Replicas, cookie: string): Promise<void> {
  const [first] = house.all
  const origin = first?.url.replace('127.0.0.1', 'localhost') ?? ''
  const headers = {
    cookie,
    origin,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/x-www-form-urlencoded',
  }
  const answer = await request(`${first?.url}/.stagedoor/logout`, { method: 'POST', headers, body: 'return_to=/' })
  await answer.body.dump()
  if (answer.statusCode !== 303) throw new Error(`signing out: ${answer.statusCode}`)
}

function descriptorsOf(replica: Replica): number {
  return readdirSync(`/proc/${replica.pid()}/fd`).length
}
