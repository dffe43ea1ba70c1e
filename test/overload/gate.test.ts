import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

import t from 'tap'

import { Gate, type GateOptions } from '../../src/overload/gate.ts'
import { Line } from '../../src/overload/line.ts'
import { until } from '../support/until.ts'

/** A gate that writes down what it passes on and refuses; the turn of its event loop ends when the test says so. */
function gateWith(change: Partial<GateOptions> & { isSurplus?: boolean } = {}) {
  const log: string[] = []
  let endTurn: (() => void) | undefined
  const gate = new Gate({
    connections: { isSurplus: () => change.isSurplus === true },
    line: new Line(60_000),
    maxRequests: 1_000,
    fail: (error, response) => void log.push(`${String(error)} ends ${response.req.url}`),
    isProbe: (url) => url === '/probe',
    refuse: ({ url }, _response, reason) => void log.push(`refuse ${url}: ${reason}`),
    atTurnEnd: (callback) => void (endTurn = callback),
    ...change,
  })
  const ask = (url: string, guard: 'guard' | 'guardUpgrades' = 'guard') => {
    const request = { url } as IncomingMessage
    const response = Object.assign(new EventEmitter(), {
      shouldKeepAlive: true,
      req: request,
    }) as unknown as ServerResponse
    gate[guard](({ url }) => {
      if (url === '/broken') throw new Error('oops')
      log.push(`pass ${url}`)
    })(request, response)
    return response
  }
  const askMany = (count: number) => Array.from({ length: count }, (_, i) => ask(`/${i}`))
  const turn = (): void => {
    const end = endTurn
    endTurn = undefined
    end?.()
  }
  return { gate, ask, askMany, log, turn }
}

t.test('every reason refuses requests and upgrades alike, and probes never', async (t) => {
  const rows: [reason: string, options: Parameters<typeof gateWith>[0]][] = [
    ['connections', { isSurplus: true }],
    ['requests', { maxRequests: 0 }],
    ['connections', { isSurplus: true, maxRequests: 0 }],
  ]
  for (const [reason, options] of rows) {
    const { ask, log } = gateWith(options)
    ask('/a')
    ask('/b', 'guardUpgrades')
    ask('/probe')
    t.same(log, [`refuse /a: ${reason}`, `refuse /b: ${reason}`, 'pass /probe'])
  }
})

t.test('a turn begins 32 requests, the others wait in order, and probes do not', async (t) => {
  const { ask, askMany, log, turn } = gateWith()
  askMany(100)
  ask('/upgrade', 'guardUpgrades')
  ask('/probe')
  t.same([log.length, log.at(-1)], [33, 'pass /probe'])
  for (const begun of [65, 97, 102]) {
    turn()
    t.equal(log.length, begun)
  }
  t.same(log.slice(-6), ['pass /95', 'pass /96', 'pass /97', 'pass /98', 'pass /99', 'pass /upgrade'])
  turn()
  ask('/later')
  t.equal(log.at(-1), 'pass /later')
})

t.test('what comes while others wait goes behind them', async (t) => {
  const { ask, askMany, log, turn } = gateWith()
  askMany(65)
  turn()
  ask('/later')
  t.equal(log.length, 64)
  turn()
  t.same(log.slice(-2), ['pass /64', 'pass /later'])
})

t.test('a client that goes away leaves the line, and gives back its room', async (t) => {
  const { ask, askMany, log, turn } = gateWith({ maxRequests: 34 })
  const responses = askMany(34)
  ask('/refused')
  t.equal(log.at(-1), 'refuse /refused: requests')
  responses.at(-1)?.emit('close')
  turn()
  t.equal(log.at(-1), 'pass /32')
  ask('/next')
  t.equal(log.at(-1), 'pass /next')
})

t.test('what has waited for too long is refused', async (t) => {
  let nowMs = 0
  const { askMany, log } = gateWith({ line: new Line(2_000, () => nowMs) })
  askMany(33)
  nowMs = 2_000
  await until(() => log.length > 32)
  t.equal(log.at(-1), 'refuse /32: delay')
})

t.test('after the farewell each answer is the last on its connection', async (t) => {
  const { gate, ask, log } = gateWith()
  t.equal(ask('/a').shouldKeepAlive, true)
  gate.sayFarewell()
  t.equal(ask('/b').shouldKeepAlive, false)
  t.same(log, ['pass /a', 'pass /b'])
})

t.test('an error of ours ends the request in which it happens, at once or out of the line', async (t) => {
  const { ask, askMany, log, turn } = gateWith()
  ask('/broken')
  askMany(31)
  ask('/broken')
  ask('/after')
  turn()
  t.equal(log[0], 'Error: oops ends /broken')
  t.same(log.slice(-2), ['Error: oops ends /broken', 'pass /after'])
})
