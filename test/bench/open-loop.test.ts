import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import t, { type Test } from 'tap'

import { createAnswerReader } from '../../bench/load/answer-reader.ts'
import { createConnections } from '../../bench/load/connections.ts'
import { pace } from '../../bench/load/pace.ts'
import { findCapacity, isSustained } from '../../bench/load/sustainable.ts'
import { type Outcome, tally } from '../../bench/load/tally.ts'

const answered = (latencyMs: number, answeredAtMs: number, status = 200, hasRetryAfter = false): Outcome => ({
  kind: 'answered',
  status,
  hasRetryAfter,
  latencyMs,
  sinceSentMs: latencyMs / 2,
  answeredAtMs,
})

t.test('goodput counts answers that succeeded in time, and other outcomes are counted by kind', async (t) => {
  const outcomes: Outcome[] = [
    answered(10, 100),
    answered(20, 900),
    answered(600, 1_500),
    answered(1, 200, 503, true),
    answered(2, 200, 503),
    answered(1, 200, 404),
    { kind: 'broken' },
    { kind: 'timed-out' },
    { kind: 'unsent' },
  ]
  const result = tally(outcomes, { count: 9, durationMs: 1_000, lateMs: [0, 3, 1] })
  t.match(result, {
    offeredPerSecond: 9,
    goodputPerSecond: 2,
    lateGoodputPerSecond: 2,
    served: 3,
    rejected: 2,
    rejectedWithoutRetryAfter: 1,
  })
  t.match(result, { otherAnswers: 1, broken: 1, timedOut: 1, unsent: 1, p50Ms: 20, p99Ms: 600, rejectedP99Ms: 2 })
  t.match(result, { earlyP99Ms: 10, lateP99Ms: 600, sinceSentP99Ms: 300, generatorLateP99Ms: 3 })
  t.match(result, { sinceSentEarlyP99Ms: 5, sinceSentLateP99Ms: 300 })
})

t.test('a rate is sustained when all requests are answered on time and quickly', async (t) => {
  const offer = { count: 100, durationMs: 1_000, lateMs: [0] }
  const quick = Array.from({ length: 100 }, () => answered(5, 500))
  t.ok(isSustained(tally(quick, offer)))
  t.notOk(isSustained(tally([...quick.slice(1), { kind: 'broken' }], offer)))
  t.notOk(isSustained(tally(quick.with(0, answered(1, 1, 503)), offer)))
  t.notOk(
    isSustained(
      tally(
        quick.map(() => answered(500, 900)),
        offer,
      ),
    ),
  )
  t.notOk(
    isSustained(
      tally(
        quick.map(() => answered(5, 1_100)),
        offer,
      ),
    ),
  )
})

t.test('the sustainable rate is searched from above, and a single disturbance does not lower it', async (t) => {
  const offered: number[] = []
  const carries = (limit: number, disturbed: number) => async (rate: number) => {
    offered.push(Math.round(rate))
    const isCarried = rate <= limit && offered.length !== disturbed
    const outcomes = Array.from({ length: rate }, () => answered(isCarried ? 5 : 500, 500))
    return tally(outcomes, { count: rate, durationMs: 1_000, lateMs: [0] })
  }
  const found = await findCapacity(100, carries(90, 5))
  t.same(offered, [100, 100, 95, 95, 90, 90])
  t.same(found, { sustainedPerSecond: 90, wasSustained: true })
  t.match(await findCapacity(100, carries(0, 0)), { sustainedPerSecond: 70, wasSustained: false })
})

const bodies: [string, string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ['no chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['no body', 'HTTP/1.1 204 No Content\r\n\r\n'],
]
for (const [what, text] of bodies) {
  t.test(`an answer with ${what} is complete at its last byte, wherever it is split`, async (t) => {
    for (let at = 1; at < text.length; at += 1) {
      const read = createAnswerReader()
      t.equal(read(Buffer.from(text.slice(0, at))), undefined)
      t.match(read(Buffer.from(text.slice(at))), { status: Number(text.slice(9, 12)), isLast: false })
    }
  })
}

t.test('a refusal is read with its Retry-After and whether the connection ends', async (t) => {
  const text = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
  t.same(createAnswerReader()(Buffer.from(text)), { status: 503, isLast: true, hasRetryAfter: true })
})

async function startServer(t: Test, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return { host: '127.0.0.1', port, head: 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' }
}

t.test('each request has one outcome, timed from its due time and not from its sending', async (t) => {
  const target = await startServer(t, (_request, response) => response.end('ok'))
  const outcomes: Outcome[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const report = (outcome: Outcome) => outcomes.push(outcome) === 3 && resolve()
  const connections = createConnections(target, { max: 1, timeoutMs: 60_000 }, report)
  t.teardown(() => connections.close())
  await connections.open(1)
  const dueAt = performance.now() - 1_000
  for (let i = 0; i < 3; i += 1) connections.ask(dueAt)
  t.equal(connections.pending(), 3)
  await promise
  t.ok(outcomes.every((each) => each.kind === 'answered' && each.status === 200 && each.latencyMs >= 1_000))
  t.equal(connections.pending(), 0)
})

t.test('a request without an answer is abandoned, and one without a connection counts as not sent', async (t) => {
  const target = await startServer(t, () => {})
  const outcomes: Outcome[] = []
  const connections = createConnections(target, { max: 1, timeoutMs: 60_000 }, (outcome) => outcomes.push(outcome))
  connections.ask(performance.now())
  connections.ask(performance.now())
  connections.close()
  t.same(outcomes, [{ kind: 'unsent' }, { kind: 'timed-out' }])
})

t.test('a broken connection is reported, and the next waiting request gets another one', async (t) => {
  let asked = 0
  const target = await startServer(t, (request, response) => {
    asked += 1
    if (asked === 1) request.socket.destroy()
    else response.writeHead(200, { connection: 'close' }).end()
  })
  const outcomes: Outcome[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const report = (outcome: Outcome) => outcomes.push(outcome) === 3 && resolve()
  const connections = createConnections(target, { max: 1, timeoutMs: 60_000 }, report)
  t.teardown(() => connections.close())
  for (let i = 0; i < 3; i += 1) connections.ask(performance.now())
  await promise
  t.same(
    outcomes.map(({ kind }) => kind),
    ['broken', 'answered', 'answered'],
  )
})

t.test('a constant rate is kept on average: each request gets its due time, and none is left out', async (t) => {
  for (const isExact of [true, false]) {
    const dueAt: number[] = []
    const { beganAt } = await pace({ ratePerSecond: 10_000, count: 50, isExact }, (due) => dueAt.push(due))
    t.same(
      dueAt.map((due) => Math.round((due - beganAt) * 10)),
      Array.from({ length: 50 }, (_, i) => i),
    )
    t.ok(performance.now() - beganAt >= 4.9)
  }
})
