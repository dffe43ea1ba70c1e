import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import t, { type Test } from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { endWithUs } from '../support/children.ts'
import { startClient } from '../support/keep-alive-client.ts'
import { freePort } from '../support/ports.ts'
import { startReplicas } from '../support/replicas.ts'
import { openAnswer, openSocket, startStreamingOrigin } from '../support/streams.ts'
import { until } from '../support/until.ts'

const clientCount = 12
const answersBetweenRestarts = 600

type Balancer = { port: number; untilAllAreUp: () => Promise<void> }

/** HAProxy with the recipe in deploy/, in front of these ports. */
async function startBalancer(t: Test, ports: readonly number[]): Promise<Balancer> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-balancer-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const recipe = await readFile(join(repositoryRoot, 'deploy/haproxy/balancer.cfg'), 'utf8')
  const file = join(folder, 'haproxy.cfg')
  const withPorts = ports.reduce((text, replica, index) => text.replace(`:${8081 + index}`, `:${replica}`), recipe)
  const control = join(folder, 'control.sock')
  const withControl = `global\n  stats socket ${control}\n${withPorts}`
  await writeFile(file, withControl.replace('bind :80', `bind 127.0.0.1:${port}`))
  const haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  endWithUs(haproxy)
  t.teardown(async () => {
    haproxy.kill('SIGTERM')
    await once(haproxy, 'exit')
  })
  await until(() => isListening(port))
  const untilAllAreUp = () => until(async () => (await upServers(control)) === ports.length)
  return { port, untilAllAreUp }
}

/** How many servers pass their probe, by HAProxy's own account (`show stat`, a line of CSV each). */
async function upServers(control: string): Promise<number> {
  const socket = connect(control)
  socket.write('show stat\n')
  const lines = (await text(socket)).split('\n')
  return lines.filter((line) => line.startsWith('stagedoor,replica') && line.split(',').includes('UP')).length
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

t.test('three replicas restart in turn behind a balancer, and no request fails', async (t) => {
  const upstream = await startStreamingOrigin(t)
  const replicas = await startReplicas(t, 3, {}, { upstreamUrl: upstream.url })
  const { port, untilAllAreUp } = await startBalancer(
    t,
    replicas.all.map(({ url }) => Number(new URL(url).port)),
  )
  const cookie = await replicas.signIn()
  const url = `http://127.0.0.1:${port}`
  const clients = Array.from({ length: clientCount }, () => startClient({ port }, cookie))
  const answers = () => clients.reduce((sum, { statuses }) => sum + statuses.length, 0)
  const failures = () => clients.reduce((sum, { failedPorts }) => sum + failedPorts.length, 0)
  const untilMoreAnswers = async () => {
    const enough = answers() + answersBetweenRestarts
    await until(() => answers() >= enough || failures() > 0)
  }
  await untilAllAreUp()

  const sockets = await Promise.all(Array.from({ length: 6 }, () => openSocket(t, `${url}/socket`, cookie)))
  const streams = await Promise.all(Array.from({ length: 6 }, () => openAnswer(t, `${url}/stream`, cookie)))
  for (const replica of replicas.all) {
    await untilMoreAnswers()
    await replica.stop()
    await untilMoreAnswers()
    await replica.start()
    await untilAllAreUp()
  }
  await untilMoreAnswers()
  await Promise.all(clients.map((client) => client.stop()))

  const statuses = clients.flatMap((client) => client.statuses)
  t.equal(failures(), 0, 'no connection is cut under a request')
  t.same([...new Set(statuses)], [200], 'every answer is a success')
  // Each was opened before the first restart, and every replica restarted since.
  const endings = await Promise.all(sockets.map(({ ended }) => ended))
  t.same(
    [...new Set(endings.map(({ code }) => code))],
    [1001],
    'WebSockets end with a code after which clients connect again',
  )
  await Promise.all(streams.map(({ ended }) => ended))
  t.comment(
    `${statuses.length} requests by ${clientCount} clients, ${failures()} failed; ${sockets.length} sockets, ${streams.length} streams`,
  )
})
