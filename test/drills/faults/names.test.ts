import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'
import { Agent, request, setGlobalDispatcher } from 'undici'

import { temporaryFolder } from '../../audit/support.ts'
import { createSessionEditor } from '../../support/aged-sessions.ts'
import { createBrowser } from '../../support/browser.ts'
import { noMounts, withMounts } from '../../support/mount-namespace.ts'
import { type NameServer, type NameServerManner, startNameServer } from '../../support/name-server.ts'
import { startOrigin } from '../../support/origin.ts'
import { type Replica, type Replicas, replicaSecret, startReplicas } from '../../support/replicas.ts'
import { passLoginPage } from '../../support/stack.ts'
import { until } from '../../support/until.ts'
import { type DrillReport, startReport } from '../support.ts'

const skip = process.getuid?.() === 0 ? noMounts : 'needs root: resolvers ask port 53 only'
const anHourMs = 3_600_000
/** A failing lookup must not delay other requests. The limit allows for a busy machine. */
const patienceMs = 10_000

/** The gateway as a process that resolves names at a server of the test. The test itself uses addresses. */
async function startNamedStack(t: Parameters<typeof startReplicas>[0], names: NameServer): Promise<Replicas> {
  const folder = await temporaryFolder(t)
  const resolvConf = join(folder, 'resolv.conf')
  await writeFile(resolvConf, names.resolvConf)
  setGlobalDispatcher(
    new Agent({ connect: { lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]) } }),
  )
  // Without kept connections every request looks up the name.
  const origin = await startOrigin(t, (incoming, response) => {
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers }))
  })
  const { port } = new URL(origin.url)
  const timeouts = { connect: '2s' }
  return startReplicas(
    t,
    1,
    {},
    {
      auth0: { issuerHost: 'auth0.localhost' },
      launcher: withMounts(`mount --bind ${resolvConf} /etc/resolv.conf`),
      sections: {
        upstreams: { backstage: { url: `http://backstage.test:${port}`, timeouts }, other: { url: origin.url } },
        routes: [
          { name: 'other', path: '/other/**', allow: 'authenticated', upstream: 'other' },
          { name: 'everything', path: '/**', allow: 'authenticated', upstream: 'backstage' },
        ],
        log: { level: 'fatal' },
      },
    },
  )
}

t.test(
  'while the names of upstream and login service do not resolve, other requests succeed, and later everything recovers',
  { skip, timeout: 3_600_000 },
  async (t) => {
    const names = await startNameServer(t)
    const stack = await startNamedStack(t, names)
    const [replica] = stack.all
    if (replica === undefined) throw new Error('no gateway')
    const report = startReport(t, 'names that do not resolve')
    const editor = await createSessionEditor(t, stack.redis.url, replicaSecret)
    const cookie = await stack.signIn()
    const status = async (path: string): Promise<number> => {
      report.requests += 1
      return (await replica.fetch(path, cookie)).status
    }
    t.equal(await status('/'), 200)
    t.ok(names.queries > 0, 'the gateway asks our name server')
    const manners: NameServerManner[] = ['no-such-name', 'failing', 'silent']
    do {
      for (const manner of manners) {
        names.manner = manner
        report.faults += 1
        stack.auth0.dropConnections()
        await editor.age(cookie, anHourMs)
        await judgeOutage(manner, status, stack)
        const refreshesBefore = stack.auth0.counters.tokenRefreshToken
        names.manner = 'well'
        await until(async () => (await status('/')) === 200)
        await until(
          async () => (await status('/other')) === 200 && stack.auth0.counters.tokenRefreshToken > refreshesBefore,
        )
        t.equal((await signInAt(stack)).status, 200, `${manner}: then a login goes through`)
      }
      await judgeStart(replica, names, report)
    } while (report.hasTime())
    report.lost = (await status('/')) === 200 ? 0 : 1
    t.equal(report.lost, 0, 'the session is still there')
  },
)

/** Checks the invariants for a time in which no name resolves. */
async function judgeOutage(manner: string, status: (path: string) => Promise<number>, stack: Replicas): Promise<void> {
  const lookups = Array.from({ length: 20 }, () => status('/'))
  const startedAtMs = performance.now()
  const others = await Promise.all(Array.from({ length: 20 }, () => status('/other')))
  const tookMs = performance.now() - startedAtMs
  t.same(new Set(others), new Set([200]), `${manner}: an upstream by address is served`)
  t.ok(tookMs < patienceMs, `${manner}: at once (${Math.round(tookMs)} ms)`)
  const answers = new Set(await Promise.all(lookups))
  t.ok(
    [...answers].every((each) => [502, 504].includes(each)),
    `${manner}: the upstream by name is ${[...answers].join()}`,
  )
  const page = await signInAt(stack)
  t.equal(page.status, 503, `${manner}: a login gets a page`)
  t.match(page.text, 'Signing in is not possible right now', `${manner}: that says so`)
}

/** A start without names serves sessions, and logins as soon as names resolve. */
async function judgeStart(replica: Replica, names: NameServer, report: DrillReport): Promise<void> {
  names.manner = 'silent'
  report.faults += 1
  await replica.kill()
  await replica.start()
  const login = async (): Promise<number> => {
    report.requests += 1
    const answer = await request(`${replica.url}/.stagedoor/login`, { headers: { 'sec-fetch-mode': 'navigate' } })
    await answer.body.dump()
    return answer.statusCode
  }
  t.equal(await login(), 503)
  names.manner = 'well'
  await until(async () => (await login()) === 302, 100)
}

async function signInAt({ all }: Replicas) {
  const browser = createBrowser()
  const baseUrl = (all[0]?.url ?? '').replace('127.0.0.1', 'localhost')
  return passLoginPage(await browser.open(`${baseUrl}/other`), browser, 'max@example.com')
}
