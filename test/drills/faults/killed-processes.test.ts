import t, { type Test } from 'tap'

import { ensureBackstage } from '../../../scripts/backstage-setup.ts'
import { startBackstage } from '../../../scripts/backstage-start.ts'
import { createSessionEditor } from '../../support/aged-sessions.ts'
import { startAuth0Process } from '../../support/auth0-process.ts'
import { createBrowser } from '../../support/browser.ts'
import { freePort } from '../../support/ports.ts'
import { replicaSecret, startReplicas } from '../../support/replicas.ts'
import { sessionOf } from '../../support/sessions.ts'
import { passLoginPage } from '../../support/stack.ts'
import { until, untilCounted } from '../../support/until.ts'
import { countResources, createLeakCheck } from '../resources.ts'
import { drillSeconds, startReport } from '../support.ts'
import { type BrowsingOptions, judgeSessions, markOfRequest, startBrowsingWithSignOuts, warmUp } from './browsing.ts'
import { startUnrulyUpstream } from './unruly-upstream.ts'

const browserCount = 50
/** Sockets and pools may hold some of the latest requests. */
const maxHeld = 2 * browserCount
const anHourMs = 3_600_000
/** Use a real Backstage only in long drills: each start takes half a minute. */
const isLong = drillSeconds > 10
/** A part dies after at most this many requests, and stays down for as many. */
const maxRequestsBetween = isLong ? 1_000 : 200

/** A part that can be killed with SIGKILL and started again. */
type Mortal = { kill(): Promise<void>; start(): Promise<void> }

type Upstream = Mortal & Pick<BrowsingOptions, 'path' | 'read' | 'isUpstreamStarting'> & { url: string }

async function startRealBackstage(t: Test, gatewayPort: number): Promise<Upstream> {
  await ensureBackstage({ log: (line) => t.comment(line) })
  const port = await freePort()
  const begin = () => startBackstage({ gatewayBaseUrl: `http://localhost:${gatewayPort}`, port })
  let running = await begin()
  let startedAtMs = -Infinity
  t.teardown(() => running.close())
  return {
    url: running.url,
    kill: () => running.kill(),
    async start() {
      startedAtMs = Infinity
      running = await begin()
      startedAtMs = performance.now()
    },
    isUpstreamStarting: (sinceMs) => sinceMs < startedAtMs,
    path: (id, turn) => `/api/demo/echo-headers?asked=${id}-${turn}`,
    read(text) {
      const { url, headers } = JSON.parse(text) as { url: string; headers: Record<string, string> }
      return { target: url, assertion: headers['x-stagedoor-assertion'] ?? '' }
    },
  }
}

async function startSockets(t: Test): Promise<Upstream> {
  const upstream = await startUnrulyUpstream(t)
  return { url: upstream.url, kill: () => upstream.die(), start: () => upstream.comeBack() }
}

t.test(
  'killing gateways, Redis, Backstage and the login service at random moments loses and mixes up nothing',
  { timeout: 3_600_000 },
  async (t) => {
    const port = await freePort()
    const upstream = await (isLong ? startRealBackstage(t, port) : startSockets(t))
    const auth0 = await startAuth0Process(t, `http://localhost:${port}/.stagedoor/callback`)
    const { issuer, clientId, clientSecret } = auth0
    const leaks = await createLeakCheck(
      t,
      () => stack,
      () => report,
    )
    const stack = await startReplicas(
      t,
      3,
      {},
      {
        port,
        upstreamUrl: upstream.url,
        preload: [countResources],
        sections: { auth0: { issuer, clientId, clientSecrets: [clientSecret] }, log: { level: 'fatal' } },
      },
    )
    const [survivor, ...gateways] = stack.all
    if (survivor === undefined) throw new Error('no gateway')
    const report = startReport(t, isLong ? 'a real Backstage and all others killed' : 'processes killed')
    const editor = await createSessionEditor(t, stack.redis.url, replicaSecret)
    const options: BrowsingOptions = { ...upstream, stack, editor, issuer, count: browserCount, report }
    await warmUp(t, options)
    const before = await leaks.measureAtRest(survivor)

    const browsing = await startBrowsingWithSignOuts(t, options)
    const redis = { kill: () => stack.redis.stop(), start: () => stack.redis.start() }
    const login = {
      async kill() {
        await auth0.kill()
        await refreshWithoutLoginService()
      },
      start: () => auth0.start(),
    }

    /** A session whose claims need a refresh goes on while the login service is down. */
    async function refreshWithoutLoginService(): Promise<void> {
      const old = sessionOf({ issuer, refreshedAt: Date.now() - anHourMs })
      const reference = await editor.begin(old).catch(() => undefined)
      // Redis may be down as well.
      if (reference === undefined) return
      const answer = await survivor?.fetch('/api/demo/echo-headers', `stagedoor=${reference}`)
      if (answer?.status === 401) browsing.all[5]?.wrong.push('a session ended with the login service')
    }

    const mortals: Mortal[] = [...gateways, redis, login, upstream]
    await Promise.all(mortals.map(async (mortal) => killAtRandom(mortal, report)))
    await browsing.stop()

    const wrong = browsing.wrong()
    report.failures = wrong.length
    t.same(wrong.slice(0, 5), [], `${report.requests} requests, ${report.faults} processes killed`)
    await judgeSessions(t, options, browsing.all)
    t.equal(await signInAt(port), 200, 'a login goes through, by the new keys of the login service')
    await leaks.judge(survivor, before)
    const held = await leaks.heldRequests(survivor, markOfRequest)
    report.leaks += held > maxHeld ? 1 : 0
    t.ok(held <= maxHeld, `${held} of the requests are still held`)
  },
)

async function killAtRandom(mortal: Mortal, report: ReturnType<typeof startReport>): Promise<void> {
  const some = async (): Promise<void> => {
    const asked = report.requests + Math.random() * maxRequestsBetween
    await untilCounted(() => report.requests, asked)
  }
  do {
    await some()
    await mortal.kill()
    report.faults += 1
    await some()
    await mortal.start()
  } while (report.hasTime())
}

async function signInAt(port: number): Promise<number> {
  let status = 0
  // The gateway refetches the keys of the login service only from time to time.
  await until(async () => {
    const browser = createBrowser()
    const page = await passLoginPage(await browser.open(`http://localhost:${port}/`), browser, 'max@example.com')
    ;({ status } = page)
    return status === 200
  }, 1_000)
  return status
}
