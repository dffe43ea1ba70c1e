import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

import t from 'tap'

import { createGate, type GateOptions } from '../../src/overload/gate.ts'

/** A gate that writes down what it passes on and refuses. */
function gateWith(change: Partial<GateOptions> & { isSurplus?: boolean; isLate?: boolean }) {
  const log: string[] = []
  const gate = createGate({
    connections: { open: 0, watch: () => log.push('watch'), isSurplus: () => change.isSurplus === true },
    delay: { isLate: () => change.isLate === true },
    maxRequests: 10,
    isProbe: (url) => url === '/probe',
    refuse: ({ url }, _response, reason) => void log.push(`refuse ${url}: ${reason}`),
    rest: { after: ({ url }) => void log.push(`rest after ${url}`), end: () => void log.push('no more rests') },
    ...change,
  })
  const pass = ({ url }: IncomingMessage): void => void log.push(`pass ${url}`)
  const ask = (url: string, guard: 'guard' | 'guardUpgrades' = 'guard') => {
    const response = new EventEmitter()
    gate[guard](pass)({ url } as IncomingMessage, response as unknown as ServerResponse)
    return { response, close: () => response.emit('close') }
  }
  return { gate, ask, log }
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

t.test('where the process has no time, the connection of a refused request rests', async (t) => {
  const { ask, log } = gateWith({ isLate: true, isSurplus: true, maxRequests: 0 })
  ask('/a')
  ask('/b', 'guardUpgrades')
  ask('/probe')
  t.same(log, ['rest after /a', 'refuse /a: delay', 'rest after /b', 'refuse /b: delay', 'pass /probe'])
})

t.test('requests count until their answer is over, upgrades do not', async (t) => {
  const { ask, log } = gateWith({ maxRequests: 2 })
  const first = ask('/1')
  ask('/upgrade', 'guardUpgrades')
  ask('/2')
  ask('/3')
  first.close()
  ask('/4')
  t.same(log, ['pass /1', 'pass /upgrade', 'pass /2', 'refuse /3: requests', 'pass /4'])
})

t.test('once the farewell is said, each answer is the last on its connection, a refusal too', async (t) => {
  const { gate, ask, log } = gateWith({ maxRequests: 2 })
  t.notHas(ask('/1').response, { shouldKeepAlive: false })
  gate.sayFarewell()
  t.match(ask('/2').response, { shouldKeepAlive: false })
  t.match(ask('/3').response, { shouldKeepAlive: false })
  t.match(log, ['pass /1', 'no more rests', 'pass /2', 'refuse /3: requests'])
})
