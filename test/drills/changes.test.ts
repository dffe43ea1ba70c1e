import { once } from 'node:events'
import { cp, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'

import t, { type Test } from 'tap'
import { Agent, request, setGlobalDispatcher } from 'undici'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { createSessionEditor } from '../support/aged-sessions.ts'
import { startBalancer } from '../support/balancer.ts'
import { startCertificates } from '../support/certificates.ts'
import { machinesIn, machineToken } from '../support/machine.ts'
import { freePort } from '../support/ports.ts'
import { type Replica, type Replicas, replicaSecret, startReplicas } from '../support/replicas.ts'
import { sessionOf } from '../support/sessions.ts'
import { startStreamingOrigin } from '../support/streams.ts'
import { until } from '../support/until.ts'
import { startMixedLoad } from './mixed-load.ts'
import { drillSeconds, startReport } from './support.ts'

/** Fewer in the short form, so that a busy machine finishes, too. */
const people = drillSeconds > 10 ? 30 : 10
const sessionSecrets = [replicaSecret, 'another secret for tests, at least 32 characters']
const clientSecrets = ['stagedoor-demo-secret-for-local-use-only', 'another client secret for tests']
const everything = { name: 'everything', path: '/**', allow: 'authenticated' }
const sections = {
  assertion: { keys: { store: 'redis' } },
  machines: { ...machinesIn, keys: { store: 'redis' } },
  audit: { keys: { store: 'redis' } },
  admin: { allow: { subjects: ['stagedoor-machine@clients'] } },
}

/** Test certificates are self-signed. */
const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
setGlobalDispatcher(dispatcher)
t.teardown(() => dispatcher.destroy())

t.test(
  'changes of secrets, keys, certificates, rules and code under load fail no request and end no session',
  { timeout: 3_600_000 },
  async (t) => {
    const certificates = await startCertificates(t, 'round-0')
    const { certificate, key } = certificates
    const { url: upstreamUrl } = await startStreamingOrigin(t)
    const publicPort = await freePort()
    // Many times the time that the load balancer needs on an idle machine.
    const timeouts = { drain: '5s' }
    const server = { tls: { certificate, key }, reload: 'signal', timeouts }
    const upstreams = { backstage: { url: upstreamUrl, timeouts: { connect: '1m' } } }
    const sectionsOfAll = { ...sections, upstreams }
    const stack = await startReplicas(t, 3, {}, { upstreamUrl, publicPort, server, sections: sectionsOfAll })
    const balancer = await startBalancer(
      t,
      stack.all.map(({ url }) => Number(new URL(url).port)),
      { port: publicPort, pem: await frontPem(t) },
    )
    await balancer.untilAllAreUp()
    const otherBuild = await startOtherBuild(t)
    const cookies = await beginSessions(t, stack)
    const settings = createSettings(t, stack, cookies[0] ?? '')
    await settings.change(sectionsWith(stack, clientSecrets, sessionSecrets))
    const load = startMixedLoad(t, `https://localhost:${publicPort}`, stack, cookies)
    const report = startReport(t, 'changes')

    for (let round = 1; round === 1 || report.hasTime(); round += 1) {
      const isOdd = round % 2 === 1
      await changeSecrets(stack, settings, isOdd)
      await rotateKeys(stack, round)
      await certificates.issue(`round-${round}`)
      await settings.change()
      for (const replica of stack.all) t.equal(await nameOf(replica), `round-${round}`)
      await load.meet()
      load.isRestarting = true
      for (const replica of stack.all) {
        await replica.stop()
        await replica.start(isOdd ? otherBuild.folder : repositoryRoot)
        await balancer.untilAllAreUp()
        t.equal(await otherBuild.isRunBy(replica), isOdd, 'the replica runs the other code')
      }
      await load.meet()
      load.isRestarting = false
      report.faults += settings.count() + keyPurposes.length + 2 * stack.all.length
    }

    const { failures, lost, ...figures } = await load.stop()
    Object.assign(report, { requests: figures.requests, failures: failures.length + lost, leaks: 0 })
    t.comment(JSON.stringify({ ...figures, failures: failures.length, lost }))
    const causes = stack.all.flatMap((replica) => replica.errors()).slice(0, 10)
    t.same({ failures: failures.slice(0, 10) }, { failures: [] }, `${figures.requests} requests`, { causes })
    t.equal(lost, 0, 'what was open ended at a restart only, and was open again at once')
    t.ok(figures.reopened >= 2 * people, 'each restart was met by what was open')
    for (const replica of stack.all) {
      const statuses = await Promise.all(cookies.map(async (cookie) => (await replica.fetch('/', cookie)).status))
      t.same(new Set(statuses), new Set([200]), 'every session is known at every replica')
    }
  },
)

async function beginSessions(t: Test, { auth0, redis }: Replicas): Promise<string[]> {
  const editor = await createSessionEditor(t, redis.url, replicaSecret)
  const { issuer } = auth0
  return Promise.all(
    Array.from({ length: people }, async () => `__Host-stagedoor=${await editor.begin(sessionOf({ issuer }))}`),
  )
}

type Settings = {
  /** Puts other sections in force at every replica, and a rule whose effect shows that they are. */
  change(other?: Record<string, object>): Promise<void>
  /** The number of changes of a replica since the last call. */
  count(): number
}

function createSettings(t: Test, { all }: Replicas, probe: string): Settings {
  let current: Record<string, object> = {}
  let [marks, changes] = [0, 0]
  return {
    async change(other = {}) {
      marks += 1
      const path = `/mark-${marks}`
      current = { ...current, ...other, routes: [{ name: 'mark', path, allow: { roles: ['nobody'] } }, everything] }
      for (const replica of all) await replica.reload(current)
      const statusesOf = () => Promise.all(all.map(async (replica) => (await replica.fetch(path, probe)).status))
      await until(async () => !(await statusesOf()).includes(200))
      t.same(await statusesOf(), [403, 403, 403], 'the new rule is in force, and the session known')
      changes += all.length
    },
    count() {
      const counted = changes
      changes = 0
      return counted
    },
  }
}

/** Every replica has the next secret before any replica seals with it, or Auth0 requires it. */
async function changeSecrets(stack: Replicas, settings: Settings, isOdd: boolean): Promise<void> {
  const { auth0 } = stack
  const inOrder = (all: string[]) => (isOdd ? all : all.toReversed())
  const [former = '', next = ''] = inOrder(clientSecrets)
  const [formerSeal = '', nextSeal = ''] = inOrder(sessionSecrets)
  await settings.change(sectionsWith(stack, [former, next], [formerSeal, nextSeal]))
  auth0.switches.setClientSecret(auth0.clientId, next, { overlapSeconds: 1 })
  await settings.change(sectionsWith(stack, [next, former], [nextSeal, formerSeal]))
}

/** Long timeouts for Redis and the upstream: a drill shares its processors with all that it starts, and does not test these timeouts. */
function sectionsWith({ auth0: { issuer, clientId }, redis: { url } }: Replicas, client: string[], seal: string[]) {
  return {
    auth0: { issuer, clientId, clientSecrets: client },
    session: { store: 'redis', redis: { url, timeout: '20s' }, secrets: seal },
  }
}

const keyPurposes = ['assertion', 'machine']

/** Rotates the keys at one process. The others learn of it through Redis. */
async function rotateKeys({ all, auth0 }: Replicas, round: number): Promise<void> {
  const headers = { authorization: `Bearer ${machineToken(auth0)}`, 'content-type': 'application/json' }
  for (const purpose of keyPurposes) {
    const url = `${all[0]?.url}/.stagedoor/admin/keys/rotate`
    const answer = await request(url, { method: 'POST', headers, body: JSON.stringify({ purpose }) })
    const text = await answer.body.text()
    // In a later round, tokens of the previous key may still be valid.
    const isRefused = round > 1 && answer.statusCode === 409
    if (answer.statusCode !== 200 && !isRefused) throw new Error(`${answer.statusCode} ${text}`)
  }
}

/** The name in the certificate of a new connection. */
async function nameOf({ url }: Replica): Promise<unknown> {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return CN
}

/** Certificate and key that the load balancer presents to clients. */
async function frontPem(t: Test): Promise<string> {
  const { certificate, key } = await startCertificates(t, 'balancer')
  const pem = `${certificate}.pem`
  await writeFile(pem, (await Promise.all([certificate, key].map((file) => readFile(file, 'utf8')))).join(''))
  return pem
}

/** Starts another build: another checkout, as of the last release, or a copy of this code with another answer to its probe. */
const otherCheckout = process.env['DRILL_OTHER_BUILD']

async function startOtherBuild(t: Test) {
  const folder = otherCheckout ?? (await copyBuild(t))
  return {
    folder,
    async isRunBy(replica: Replica): Promise<boolean> {
      if (otherCheckout !== undefined) return (await readlink(`/proc/${replica.pid()}/cwd`)) === otherCheckout
      const { body } = await request(`${replica.url}/.stagedoor/health/live`)
      return (await body.text()).includes('"build":"other"')
    },
  }
}

async function copyBuild(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-build-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const name of ['src', 'packages', 'config', 'package.json', 'tsconfig.json']) {
    await cp(join(repositoryRoot, name), join(folder, name), { recursive: true })
  }
  await symlink(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'))
  const file = join(folder, 'src/endpoints/health/plugin.ts')
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace("send({ status: 'ok' })", "send({ status: 'ok', build: 'other' })"),
  )
  return folder
}
