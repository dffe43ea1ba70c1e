import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { mock } from 'node:test'

import t, { type Test } from 'tap'

import { Line } from '../../src/overload/line.ts'
import { Pace } from '../../src/overload/pace.ts'

/** A line with waits of a second, two at most, in a loop whose turns end by hand, in a time that passes by hand. */
function startLine(t: Test, { unreadFrom = 0 } = {}) {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const state = { nowMs: 0, hasRoom: true, isTurnOpen: false }
  let onTurnEnd = (): void => undefined
  const line = new Line({
    maxDelayMs: 1_000,
    patienceMs: 2_000,
    unreadFrom,
    pace: new Pace(),
    hasRoom: () => state.hasRoom,
    now: () => state.nowMs,
    atTurnEnd(callback) {
      state.isTurnOpen = true
      onTurnEnd = callback
    },
  })
  const log: string[] = []

  function connect(name: string, change: object = {}) {
    let isPaused = false
    const socket = {
      writable: true,
      isPaused: () => isPaused,
      pause() {
        isPaused = true
        log.push(`pause ${name}`)
      },
      resume() {
        isPaused = false
        log.push(`read ${name}`)
      },
      ...change,
    } as unknown as Socket
    return socket
  }
  const requestOn = (socket: Socket, change: object = {}): IncomingMessage =>
    ({ socket, httpVersionMajor: 1, complete: true, ...change }) as IncomingMessage

  return {
    line,
    state,
    log,
    connect,
    begins: (socket = connect('somebody'), change: object = {}) => line.begins(requestOn(socket, change)),
    /** Begins as many requests as a turn allows. */
    fill: (): number => {
      let count = 0
      while (line.begins(requestOn(connect('somebody')))) count += 1
      return count
    },
    hold: (name: string) =>
      line.hold(
        () => void log.push(`begin ${name}`),
        () => void log.push(`give up ${name}`),
      ),
    holdUnread: (socket: Socket, change: object = {}, shouldKeepAlive = true): void => {
      line.holdUnread({ req: requestOn(socket, change), shouldKeepAlive } as ServerResponse)
    },
    endTurn: (): void => {
      state.isTurnOpen = false
      onTurnEnd()
    },
    pass: (ms: number): void => {
      for (let i = 0; i < ms / 50; i += 1) {
        state.nowMs += 50
        mock.timers.tick(50)
      }
    },
  }
}

t.test('a turn of the event loop begins 32 requests, the next one as many', async (t) => {
  const { fill, endTurn } = startLine(t)
  t.equal(fill(), 32)
  endTurn()
  t.equal(fill(), 32)
})

t.test('where there is no room none begins', async (t) => {
  const { state, begins } = startLine(t)
  state.hasRoom = false
  t.notOk(begins())
})

t.test('while somebody waits who comes waits behind them, and each begins in the order of coming', async (t) => {
  const { line, log, begins, hold, endTurn } = startLine(t)
  begins()
  for (const name of ['a', 'b']) hold(name)
  t.notOk(begins())
  hold('c')
  t.equal(line.size, 3)
  endTurn()
  t.same(log, ['begin a', 'begin b', 'begin c'])
  t.equal(line.size, 0)
  t.ok(begins())
})

t.test('of those who wait a turn begins 32, and the loop goes on with the next', async (t) => {
  const { line, log, state, fill, hold, endTurn } = startLine(t)
  fill()
  for (let i = 0; i < 40; i += 1) hold(String(i))
  endTurn()
  t.equal(log.length, 32)
  t.ok(state.isTurnOpen)
  endTurn()
  t.equal(line.size, 0)
  t.notOk(state.isTurnOpen)
})

t.test('without room nobody begins until something was finished, or at the next look', async (t) => {
  const { line, log, state, begins, hold, endTurn, pass } = startLine(t)
  begins()
  state.hasRoom = false
  for (const name of ['a', 'b']) hold(name)
  endTurn()
  t.same([log, state.isTurnOpen], [[], false])
  line.advance()
  t.ok(state.isTurnOpen)
  endTurn()
  pass(50)
  t.ok(state.isTurnOpen)
  state.hasRoom = true
  endTurn()
  t.same(log, ['begin a', 'begin b'])
})

t.test('what was finished while nobody waits is no event', async (t) => {
  const { line, state } = startLine(t)
  line.advance()
  t.notOk(state.isTurnOpen)
})

t.test(
  'a connection that was served waits unread, and its next request begins in the turn that it is called in',
  async (t) => {
    const { log, connect, begins, hold, holdUnread, endTurn } = startLine(t)
    const socket = connect('a')
    begins(socket)
    hold('b')
    holdUnread(socket)
    t.same(log, ['pause a'])
    endTurn()
    t.same(log, ['pause a', 'begin b', 'read a'])
    hold('c')
    t.ok(begins(socket))
    t.notOk(begins(connect('d')), 'others wait')
  },
)

t.test('who is called may ask twice, the second time whenever it is, and waits again then', async (t) => {
  const { log, connect, begins, hold, holdUnread, endTurn } = startLine(t)
  const socket = connect('a')
  begins(socket)
  for (let i = 0; i < 3; i += 1) {
    holdUnread(socket)
    endTurn()
    t.same(log.splice(0), ['pause a', 'read a'])
    hold('b')
    t.ok(begins(socket), 'its turn')
    t.notOk(begins(socket), 'not for what came right behind')
    holdUnread(socket)
    t.same(log, [], 'is read on')
    endTurn()
    endTurn()
    hold('c')
    t.ok(begins(socket), 'once more')
    t.notOk(begins(socket), 'but not twice more')
    endTurn()
    log.length = 0
  }
})

t.test('of those who may ask once more 128 begin in a turn, however many come', async (t) => {
  const { connect, begins, hold, holdUnread, endTurn } = startLine(t)
  const sockets = Array.from({ length: 160 }, (_, i) => connect(String(i)))
  begins()
  for (const socket of sockets) holdUnread(socket)
  for (let i = 0; i < 5; i += 1) endTurn()
  for (const socket of sockets) holdUnread(socket)
  endTurn()
  hold('others')
  t.equal(sockets.filter((socket) => begins(socket)).length, 128)
})

t.test('who has nothing to ask when called waits like others later', async (t) => {
  const { connect, begins, hold, holdUnread, endTurn } = startLine(t)
  const socket = connect('a')
  begins(socket)
  holdUnread(socket)
  endTurn()
  endTurn()
  hold('b')
  t.notOk(begins(socket))
})

t.test(
  'no connection waits unread that ends, brings more of its request, waits already, or carries all of a browser',
  async (t) => {
    const { line, log, connect, holdUnread } = startLine(t)
    holdUnread(connect('leaves'), {}, false)
    holdUnread(connect('sends'), { complete: false })
    holdUnread(connect('http2'), { httpVersionMajor: 2 })
    holdUnread(connect('closed', { writable: false }))
    const socket = connect('a')
    for (let i = 0; i < 2; i += 1) holdUnread(socket)
    t.same(log, ['pause a'])
    t.equal(line.size, 1)
  },
)

t.test('while few wait connections are read on', async (t) => {
  const { log, connect, begins, hold, holdUnread } = startLine(t, { unreadFrom: 2 })
  begins()
  hold('a')
  holdUnread(connect('b'))
  hold('c')
  holdUnread(connect('d'))
  t.same(log, ['pause d'])
})

t.test('requests over HTTP/2 wait like all others', async (t) => {
  const { connect, begins, hold } = startLine(t)
  t.ok(begins(connect('a'), { httpVersionMajor: 2 }))
  hold('b')
  t.notOk(begins(connect('a'), { httpVersionMajor: 2 }))
})

t.test('a line that goes too slowly for its length says so', async (t) => {
  const { line, begins, hold, endTurn, pass } = startLine(t)
  t.notOk(line.isTooLong)
  begins()
  for (let i = 0; i < 1_000; i += 1) hold(String(i))
  endTurn()
  t.notOk(line.isTooLong, 'nothing is known yet')
  pass(50)
  t.ok(line.isTooLong, '968 at 32 in 50 ms')
  for (let i = 0; i < 15; i += 1) endTurn()
  t.notOk(line.isTooLong, '488 at 32 in 50 ms')
})

t.test('who has waited for two seconds waits no longer', async (t) => {
  const { line, log, state, connect, begins, hold, holdUnread, pass } = startLine(t)
  begins()
  state.hasRoom = false
  hold('a')
  holdUnread(connect('b'))
  pass(1_000)
  hold('c')
  pass(950)
  t.same(log, ['pause b'])
  pass(50)
  t.same(log, ['pause b', 'give up a', 'read b'])
  t.equal(line.size, 1)
})

t.test('once nobody waits nobody looks', async (t) => {
  const { log, state, begins, hold, endTurn, pass } = startLine(t)
  begins()
  hold('a')
  endTurn()
  pass(50)
  state.isTurnOpen = false
  hold('b')
  pass(50)
  t.ok(state.isTurnOpen, 'a new line is looked at again')
  t.same(log, ['begin a'])
})

t.test('at the end all connections are read, and those who were read wait on', async (t) => {
  const { line, log, connect, begins, hold, holdUnread, endTurn } = startLine(t)
  begins()
  hold('a')
  for (const name of ['b', 'c']) holdUnread(connect(name))
  hold('d')
  line.end()
  t.same(log.splice(0), ['pause b', 'pause c', 'read b', 'read c'])
  holdUnread(connect('e'))
  t.same(log, [])
  endTurn()
  t.same(log, ['begin a', 'begin d'])
})
