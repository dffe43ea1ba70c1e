import { connect, type Socket } from 'node:net'

import t, { type Test } from 'tap'
import { Agent, request } from 'undici'

import { startReplicas } from '../../support/replicas.ts'
import { until } from '../../support/until.ts'
import { countResources, createLeakCheck } from '../resources.ts'
import { drillSeconds, startReport } from '../support.ts'

const isLong = drillSeconds > 10
const slowHeads = isLong ? 2_000 : 200
const floodsOfEachKind = isLong ? 1_000 : 100
const logins = isLong ? 10_000 : 1_000
/** Logs and caches may hold some of the latest requests. */
const maxHeld = 50

/** Heads that are too large, each over one limit only. */
const floods: [bound: string, fields: (flood: number) => string[]][] = [
  [
    'maxHeaderBytes, 32 KiB',
    (flood) => Array.from({ length: 20 }, (_, i) => `X-${i}: flood-${flood}-${'a'.repeat(2_000)}`),
  ],
  ['the number of fields, 1,000 (Node)', (flood) => Array.from({ length: 1_500 }, (_, i) => `X-${i}: flood-${flood}-`)],
]

t.test(
  'slow heads, floods of headers and many pending logins neither fill the memory nor stop other clients',
  { timeout: 3_600_000 },
  async (t) => {
    const server = {
      timeouts: { headers: '10s' },
      failedAttempts: { max: 1_000 },
      overload: { maxDelay: '10s' },
    }
    const leaks = await createLeakCheck(
      t,
      () => stack,
      () => report,
    )
    const stack = await startReplicas(t, 1, {}, { server, preload: [countResources] })
    const [gateway] = stack.all
    if (gateway === undefined) throw new Error('no gateway')
    const port = Number(new URL(gateway.url).port)
    const cookie = await stack.signIn()
    const report = startReport(t, 'floods')
    const answers = async (what: string) => {
      report.requests += 1
      let status = 503
      // Requests beyond the limit are refused and sent again.
      await until(async () => ({ status } = await gateway.fetch('/', cookie)).status !== 503)
      t.equal(status, 200, what)
    }
    await answers('before')
    const before = await leaks.measureAtRest(gateway)
    for (const round of ['the first time', 'the second time']) {
      const slow = await openSlow(t, port, slowHeads)
      await answers(`while heads dribble in ${round}`)
      await until(() => slow.every(({ closed }) => closed))
      report.faults += slow.length

      for (const [bound, fields] of floods) {
        const statuses = await inTurns(floodsOfEachKind, (flood) => floodHeaders(port, fields(flood)))
        t.same(new Set(statuses), new Set(['431']), `heads past ${bound}, are refused`)
        report.faults += floodsOfEachKind
      }
      await answers(`after floods of headers ${round}`)

      const begun = await beginLogins(gateway.url)
      t.ok(begun > logins / 2, `${begun} of ${logins} logins are in flight; what is too much at once is refused`)
      report.requests += logins
      await answers(`with logins in flight ${round}`)
    }

    await leaks.judge(gateway, before)
    const held: [what: string, mark: RegExp][] = [
      ['slow heads', /slow-\d+-/g],
      ['floods of headers', /flood-\d+-/g],
      ['logins in flight', /login-\d+-/g],
    ]
    for (const [what, mark] of held) {
      const count = await leaks.heldRequests(gateway, mark)
      report.leaks += count > maxHeld ? 1 : 0
      t.ok(count <= maxHeld, `${count} ${what} are still held`)
    }
  },
)

/** Runs few at a time, so that the gateway can read each in time on a busy machine. */
const atATime = 50

async function inTurns<Result>(count: number, act: (turn: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let left = count
  const actOn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      results.push(await act(left))
    }
  }
  await Promise.all(Array.from({ length: atATime }, actOn))
  return results
}

/** Opens connections that each send a part of a head and then nothing. */
async function openSlow(t: Test, port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  for (const [i, socket] of sockets.entries())
    socket
      .on('error', () => undefined)
      .resume()
      .write(`GET / HTTP/1.1\r\nHost: a\r\nX-A: slow-${i}-`)
  await until(() => sockets.every(({ connecting }) => !connecting))
  return sockets
}

/** @returns the status of the answer; empty if the connection was cut */
function floodHeaders(port: number, fields: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('error', () => undefined).on('close', () => resolve(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? ''))
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
    socket.end(`GET / HTTP/1.1\r\nHost: a\r\n${fields.join('\r\n')}\r\n\r\n`)
  })
}

/** @returns how many were redirected to the login service */
async function beginLogins(url: string): Promise<number> {
  const dispatcher = new Agent({ connections: atATime })
  const headers = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
  const statuses = await inTurns(logins, async (login) => {
    const { statusCode, body } = await request(`${url}/.stagedoor/login?return_to=/login-${login}-`, {
      headers,
      dispatcher,
    })
    await body.dump()
    return statusCode
  })
  await dispatcher.destroy()
  const odd = statuses.find((status) => ![302, 429, 503].includes(status))
  if (odd !== undefined) throw new Error(`a login: ${odd}`)
  return statuses.filter((status) => status === 302).length
}
