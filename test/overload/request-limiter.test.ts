import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

import t from 'tap'

import { containing } from '../../src/errors/contain.ts'
import { Queue } from '../../src/overload/queue.ts'
import { RequestLimiter, type RequestLimiterOptions } from '../../src/overload/request-limiter.ts'
import { until } from '../support/until.ts'

/** A limiter that records accepted and refused requests. The test ends each turn of its event loop. */
function limiterWith(change: Partial<RequestLimiterOptions> & { isSurplus?: boolean; maxAhead?: number } = {}) {
  const log: string[] = []
  let endTurn: (() => void) | undefined
  let ahead = 0
  const limiter = new RequestLimiter({
    connections: {
      isSurplus: () => change.isSurplus === true,
      isFlooded: () => ahead >= (change.maxAhead ?? Infinity),
      count: (_request, by) => void (ahead += by),
    },
    queue: new Queue(60_000),
    maxRequests: 1_000,
    isProbe: (url) => url === '/probe',
    refuse: ({ url }, _response, reason) => void log.push(`refuse ${url}: ${reason}`),
    atTurnEnd: (callback) => void (endTurn = callback),
    ...change,
  })
  const ask = (url: string, guard: 'guard' | 'guardUpgrades' = 'guard') => {
    const socket = { destroy: () => log.push(`destroy ${url}`) }
    const request = { url, socket } as unknown as IncomingMessage
    const response = Object.assign(new EventEmitter(), {
      socket: change.maxAhead === undefined ? socket : null,
      end: () => log.push(`end ${url}`),
    }) as unknown as ServerResponse
    const next = containing(
      ({ url }) => {
        if (url === '/broken') throw new Error('oops')
        log.push(`pass ${url}`)
      },
      { error: () => undefined },
    )
    limiter[guard](next)(request, response)
    return response
  }
  const askMany = (count: number) => Array.from({ length: count }, (_, i) => ask(`/${i}`))
  const turn = (): void => {
    const end = endTurn
    endTurn = undefined
    end?.()
  }
  return { limiter, ask, askMany, log, turn }
}

t.test('every reason refuses requests and upgrades, and never probes', async (t) => {
  const rows: [reason: string, options: Parameters<typeof limiterWith>[0]][] = [
    ['connections', { isSurplus: true }],
    ['requests', { maxRequests: 0 }],
    ['connections', { isSurplus: true, maxRequests: 0 }],
  ]
  for (const [reason, options] of rows) {
    const { ask, log } = limiterWith(options)
    ask('/a')
    ask('/b', 'guardUpgrades')
    ask('/probe')
    t.same(log, [`refuse /a: ${reason}`, `refuse /b: ${reason}`, 'pass /probe'])
  }
})

t.test('a turn starts 32 requests, the others wait in order, and probes do not wait', async (t) => {
  const { ask, askMany, log, turn } = limiterWith()
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

t.test('a request that arrives while others wait queues behind them', async (t) => {
  const { ask, askMany, log, turn } = limiterWith()
  askMany(65)
  turn()
  ask('/later')
  t.equal(log.length, 64)
  turn()
  t.same(log.slice(-2), ['pass /64', 'pass /later'])
})

t.test('a client that disconnects leaves the queue and frees its place', async (t) => {
  const { ask, askMany, log, turn } = limiterWith({ maxRequests: 34 })
  const responses = askMany(34)
  ask('/refused')
  t.equal(log.at(-1), 'refuse /refused: requests')
  responses.at(-1)?.emit('close')
  turn()
  t.equal(log.at(-1), 'pass /32')
  ask('/next')
  t.equal(log.at(-1), 'pass /next')
})

t.test('a request that waited too long is refused', async (t) => {
  let nowMs = 0
  const { askMany, log } = limiterWith({ queue: new Queue(2_000, () => nowMs) })
  askMany(33)
  nowMs = 2_000
  await until(() => log.length > 32)
  t.equal(log.at(-1), 'refuse /32: delay')
})

t.test('an internal error ends only its own request, immediate or queued', async (t) => {
  const { ask, askMany, log, turn } = limiterWith()
  ask('/broken')
  askMany(31)
  ask('/broken')
  ask('/after')
  turn()
  t.equal(log[0], 'end /broken')
  t.same(log.slice(-2), ['end /broken', 'pass /after'])
})

t.test('a connection with too many requests under way is closed, and ended requests do not count', async (t) => {
  const { ask, log } = limiterWith({ maxAhead: 2 })
  const first = ask('/a')
  ask('/b')
  ask('/c')
  first.emit('close')
  ask('/d')
  t.same(log, ['pass /a', 'pass /b', 'destroy /c', 'pass /d'])
})
