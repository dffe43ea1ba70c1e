import { once } from 'node:events'
import { connect } from 'node:tls'

import t from 'tap'
import { Agent, request } from 'undici'

import { createSessionEditor } from '../support/aged-sessions.ts'
import { startCertificates } from '../support/certificates.ts'
import { machinesIn, machineToken } from '../support/machine.ts'
import { type Replica, type Replicas, replicaSecret, startReplicas } from '../support/replicas.ts'
import { sessionOf } from '../support/sessions.ts'
import { startStreamingOrigin } from '../support/streams.ts'
import { until } from '../support/until.ts'
import { startReport } from './support.ts'

const people = 30
/** Askers give up after so many: what fails at once would otherwise fill the memory. */
const maxFailures = 1_000
const secrets = [replicaSecret, 'another secret for tests, at least 32 characters']
const everything = { name: 'everything', path: '/**', allow: 'authenticated' }
const sections = {
  assertion: { keys: { store: 'redis' } },
  machines: { ...machinesIn, keys: { store: 'redis' } },
  admin: { allow: { subjects: ['stagedoor-machine@clients'] } },
}

t.test(
  'rules, session secrets, signing keys and certificates change under load: no request fails, and no session ends',
  { timeout: 3_600_000 },
  async (t) => {
    const certificates = await startCertificates(t, 'round-0')
    const { certificate, key } = certificates
    const { url: upstreamUrl } = await startStreamingOrigin(t)
    const server = { tls: { certificate, key }, reload: 'signal' }
    const house = await startReplicas(t, 3, {}, { upstreamUrl, server, sections })
    const cookies = await beginSessions(t, house)
    const [probe = ''] = cookies
    const load = startLoad(t, house, cookies)
    const report = startReport(t, 'changes')

    let marks = 0
    /** Other sections, and a rule by whose effect one sees that they are in force at every replica. */
    async function change(other: Record<string, object> = {}): Promise<void> {
      marks += 1
      const path = `/mark-${marks}`
      const mark = { name: 'mark', path, allow: { roles: ['nobody'] } }
      for (const replica of house.all) await replica.reload({ ...other, routes: [mark, everything] })
      const statusesOf = () => Promise.all(house.all.map(async (replica) => (await replica.fetch(path, probe)).status))
      await until(async () => !(await statusesOf()).includes(200))
      t.same(await statusesOf(), [403, 403, 403], 'the new rule is in force, and the session known')
      report.faults += house.all.length
    }

    const sessionWith = (...all: (string | undefined)[]) => {
      const redis = { url: house.redis.url }
      return { session: { store: 'redis', redis, secrets: all } }
    }

    for (let round = 1; round === 1 || report.hasTime(); round += 1) {
      const [former, next] = round % 2 === 1 ? secrets : secrets.toReversed()
      await change(sessionWith(former, next))
      await change(sessionWith(next, former))
      await rotateKeys(house)
      await certificates.issue(`round-${round}`)
      await change(sessionWith(next, former))
      for (const replica of house.all) t.equal(await nameOf(replica), `round-${round}`)
      report.faults += 2
      await load.meet()
    }

    const { requests, failures, ended } = await load.stop()
    Object.assign(report, { requests, failures: failures.length, leaks: ended })
    t.same(failures.slice(0, 3), [], `${requests} requests`)
    t.equal(ended, 0, 'every event stream is still open')
    for (const replica of house.all) {
      const statuses = await Promise.all(cookies.map(async (cookie) => (await replica.fetch('/', cookie)).status))
      t.same(new Set(statuses), new Set([200]), 'every session is known at every replica')
    }
  },
)

async function beginSessions(t: Parameters<typeof startReplicas>[0], { auth0, redis }: Replicas): Promise<string[]> {
  const editor = await createSessionEditor(t, redis.url, replicaSecret)
  const { issuer } = auth0
  return Promise.all(
    Array.from({ length: people }, async () => `__Host-stagedoor=${await editor.begin(sessionOf({ issuer }))}`),
  )
}

/** Each person reads and writes, at one replica after the other, over HTTP/1.1 and HTTP/2, and holds a stream open. */
function startLoad(t: Parameters<typeof startReplicas>[0], { all }: Replicas, cookies: readonly string[]) {
  const connection = { rejectUnauthorized: false }
  const agents = [false, true].map((allowH2) => new Agent({ allowH2, connect: connection, bodyTimeout: 0 }))
  t.teardown(() => Promise.all(agents.map((agent) => agent.destroy())))
  const failures: string[] = []
  let requests = 0
  let ended = 0
  let isStopped = false

  async function askOn(cookie: string, id: number): Promise<void> {
    for (let turn = 0; !isStopped && failures.length < maxFailures; turn += 1) {
      const { url = '' } = all[(id + turn) % all.length] ?? {}
      const method = turn % 4 === 0 ? 'POST' : 'GET'
      const headers = { cookie, accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }
      const body = method === 'POST' ? '{}' : null
      try {
        const dispatcher = agents[turn % agents.length] as Agent
        const answer = await request(`${url}/api/${id}-${turn}`, { method, headers, body, dispatcher })
        const text = await answer.body.text()
        if (answer.statusCode !== 200) failures.push(`${method} ${answer.statusCode} ${text}`)
      } catch (error) {
        failures.push(String(error))
      }
      requests += 1
    }
  }

  async function holdStream(cookie: string, id: number): Promise<void> {
    const { url = '' } = all[id % all.length] ?? {}
    const headers = { cookie, accept: 'text/event-stream' }
    const { body, statusCode } = await request(`${url}/stream`, { headers, dispatcher: agents[id % 2] as Agent })
    if (statusCode !== 200) failures.push(`stream ${statusCode}`)
    const count = () => {
      if (!isStopped) ended += 1
    }
    body.on('error', () => undefined).once('close', count)
    body.resume()
  }

  const streams = cookies.map(holdStream)
  const askers = cookies.map(askOn)
  return {
    /** Until every asker has met what has changed. */
    async meet(): Promise<void> {
      const enough = requests + 4 * cookies.length
      await until(() => requests >= enough || failures.length >= maxFailures)
    },
    async stop() {
      isStopped = true
      await Promise.all([...askers, ...streams])
      return { requests, failures, ended }
    },
  }
}

/** Asks one process for the next key; the others hear of it by Redis. */
async function rotateKeys({ all, auth0 }: Replicas): Promise<void> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  const headers = { authorization: `Bearer ${machineToken(auth0)}`, 'content-type': 'application/json' }
  for (const purpose of ['assertion', 'machine']) {
    const url = `${all[0]?.url}/.stagedoor/admin/keys/rotate`
    const answer = await request(url, { method: 'POST', headers, body: JSON.stringify({ purpose }), dispatcher })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
  }
  await dispatcher.destroy()
}

/** The name in the certificate that a new connection meets. */
async function nameOf({ url }: Replica): Promise<unknown> {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return CN
}
