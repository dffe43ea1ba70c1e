import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

import t from 'tap'

import { createGate, type GateOptions } from '../../src/overload/gate.ts'

/** A gate that writes down what it passes on and refuses. */
function gateWith(change: Partial<GateOptions> & { isSurplus?: boolean; isBusy?: boolean; isTooLong?: boolean }) {
  const log: string[] = []
  let begin = (): void => undefined
  let giveUp = (): void => undefined
  const line: GateOptions['line'] = {
    size: change.isBusy ? 1 : 0,
    isTooLong: change.isTooLong === true,
    begins: () => change.isBusy !== true,
    hold(...callbacks) {
      log.push('hold')
      ;[begin, giveUp] = callbacks
    },
    holdUnread: ({ req }) => void log.push(`hold the connection of ${req.url}`),
    advance: () => void log.push('advance'),
    end: () => void log.push('end of the line'),
  }
  const gate = createGate({
    fail: (error) => {
      throw error
    },
    connections: { open: 0, watch: () => log.push('watch'), isSurplus: () => change.isSurplus === true },
    line,
    maxRequests: 10,
    isProbe: (url) => url === '/probe',
    refuse: ({ url }, _response, reason) => void log.push(`refuse ${url}: ${reason}`),
    ...change,
  })
  const pass = ({ url }: IncomingMessage): void => void log.push(`pass ${url}`)
  const ask = (url: string, guard: 'guard' | 'guardUpgrades' = 'guard') => {
    const request = { url } as IncomingMessage & { stream?: object }
    const response = Object.assign(new EventEmitter(), { req: request })
    gate[guard](pass)(request, response as unknown as ServerResponse)
    return { request, response, close: () => response.emit('close') }
  }
  return { gate, ask, log, begin: () => begin(), giveUp: () => giveUp() }
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

t.test('where the process has no time requests and upgrades wait, and probes do not', async (t) => {
  const { ask, log, begin, giveUp } = gateWith({ isBusy: true })
  ask('/a')
  begin()
  ask('/b', 'guardUpgrades')
  giveUp()
  ask('/probe')
  t.same(log, ['hold', 'pass /a', 'hold', 'refuse /b: delay', 'pass /probe'])
})

t.test('who would wait for too long is refused at once', async (t) => {
  const { ask, log } = gateWith({ isBusy: true, isTooLong: true })
  ask('/a')
  ask('/b', 'guardUpgrades')
  ask('/probe')
  t.same(log, ['refuse /a: delay', 'refuse /b: delay', 'pass /probe'])
})

t.test('whose turn has come is served, however long the line is', async (t) => {
  const { ask, log } = gateWith({ isTooLong: true })
  ask('/a')
  t.same(log, ['pass /a'])
})

t.test('what somebody asked who has left meanwhile is not begun', async (t) => {
  const { ask, log, begin } = gateWith({ isBusy: true })
  Object.assign(ask('/a').request, { destroyed: true })
  begin()
  Object.assign(ask('/b').request, { stream: { destroyed: true } })
  begin()
  Object.assign(ask('/c').request, { stream: { destroyed: false } })
  begin()
  t.same(log, ['hold', 'hold', 'hold', 'pass /c'])
})

t.test('while others wait, a connection that was served waits for its next turn, one of probes does not', async (t) => {
  const { ask, log } = gateWith({ isBusy: true })
  ask('/a').close()
  ask('/probe').close()
  t.same(log, ['hold', 'advance', 'hold the connection of /a', 'pass /probe', 'advance'])
})

t.test('while nobody waits, a connection that was served is read on', async (t) => {
  const { ask, log } = gateWith({})
  ask('/a').close()
  t.same(log, ['pass /a'])
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
  t.match(log, ['pass /1', 'end of the line', 'pass /2', 'refuse /3: requests'])
})

t.test('who waits when the farewell is said hears it with the answer', async (t) => {
  const { gate, ask, begin } = gateWith({ isBusy: true })
  const { response } = ask('/a')
  t.notHas(response, { shouldKeepAlive: false })
  gate.sayFarewell()
  begin()
  t.match(response, { shouldKeepAlive: false })
})
