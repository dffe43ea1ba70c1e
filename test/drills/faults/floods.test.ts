import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'

import t, { type Test } from 'tap'
import { Agent, request } from 'undici'

import { startReplicas } from '../../support/replicas.ts'
import { until } from '../../support/until.ts'
import { countResources, createLeakCheck } from '../resources.ts'
import { drillSeconds, startReport } from '../support.ts'

const isLong = drillSeconds > 10
const maxGrowthBytes = 100 * 1_048_576

t.test(
  'slow heads, floods of headers and many logins in flight fill no memory and stop nobody',
  { timeout: 3_600_000 },
  async (t) => {
    const server = { timeouts: { headers: '10s' }, failedAttempts: { max: 1_000 } }
    const leaks = await createLeakCheck(
      t,
      () => house,
      () => report,
    )
    const house = await startReplicas(t, 1, {}, { server, preload: [countResources] })
    const [gateway] = house.all
    if (gateway === undefined) throw new Error('no gateway')
    const { port } = new URL(gateway.url)
    const cookie = await house.signIn()
    const report = startReport(t, 'floods')
    const answers = async (what: string) => {
      report.requests += 1
      t.equal((await gateway.fetch('/', cookie)).status, 200, what)
    }
    await answers('before')
    const sizes: number[] = []
    const before = await leaks.measureAtRest(gateway)
    for (const round of ['the first time', 'the second time']) {
      const slow = await openSlow(t, Number(port), isLong ? 2_000 : 200)
      await answers(`while heads dribble in ${round}`)
      await until(() => slow.every(({ closed }) => closed))
      report.faults += slow.length

      const floods = isLong ? 2_000 : 200
      const refusals = await Promise.all(Array.from({ length: floods }, () => floodHeaders(Number(port))))
      t.same(new Set(refusals), new Set(['431']), 'floods of headers are refused')
      report.faults += floods
      await answers(`after floods of headers ${round}`)

      const logins = isLong ? 10_000 : 500
      const begun = await beginLogins(gateway.url, logins)
      t.ok(begun > logins / 2, `${begun} of ${logins} logins are in flight; what is too much at once is refused`)
      report.requests += logins
      await answers(`with logins in flight ${round}`)
      sizes.push(residentBytes(gateway.pid()))
    }

    // The heap grows to what the load needs once; what leaks grows again.
    const [first = 0, second = 0] = sizes
    report.leaks += second - first > maxGrowthBytes ? 1 : 0
    t.ok(
      second - first < maxGrowthBytes,
      `memory grew by ${Math.round((second - first) / 1_048_576)} MiB in the second round`,
    )
    await leaks.judge(gateway, before)
  },
)

/** Connections that each send a part of a head, and then nothing. */
async function openSlow(t: Test, port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  for (const socket of sockets)
    socket
      .on('error', () => undefined)
      .resume()
      .write('GET / HTTP/1.1\r\nHost: a\r\nX-A: ')
  await until(() => sockets.every(({ connecting }) => !connecting))
  return sockets
}

/** One head with far more fields than are taken. @returns the status of the answer; empty where the connection was cut */
function floodHeaders(port: number): Promise<string> {
  const fields = Array.from({ length: 3_000 }, (_, i) => `X-${i}: ${'a'.repeat(10)}\r\n`).join('')
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('error', () => undefined).on('close', () => resolve(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? ''))
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
    socket.end(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
  })
}

/** @returns how many were sent on to the login service */
async function beginLogins(url: string, count: number): Promise<number> {
  const dispatcher = new Agent({ connections: 50 })
  let left = count
  let begun = 0
  const begin = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const headers = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
      const answer = await request(`${url}/.stagedoor/login`, { headers, dispatcher })
      await answer.body.dump()
      if (answer.statusCode === 302) begun += 1
      if (![302, 429, 503].includes(answer.statusCode)) throw new Error(`a login: ${answer.statusCode}`)
    }
  }
  await Promise.all(Array.from({ length: 50 }, begin))
  await dispatcher.destroy()
  return begun
}

function residentBytes(pid: number): number {
  return 1_024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
}
