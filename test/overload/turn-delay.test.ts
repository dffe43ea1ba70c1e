import t from 'tap'

import { TurnDelay } from '../../src/overload/turn-delay.ts'

/** A loop whose turns are begun and ended by hand; delay is measured from 10 ms on, refusals begin after 100 ms. */
function startLoop() {
  let nowMs = 1_000
  let isOngoing = false
  let endTurn: (() => void) | undefined
  const delay = new TurnDelay({
    maxDelayMs: 10,
    afterMs: 100,
    isOngoing: () => isOngoing,
    now: () => nowMs,
    atTurnEnd: (callback) => void (endTurn = callback),
  })
  return {
    /** One turn: a request at each of these milliseconds after its begin. @returns which of them are late */
    turn(...atMs: number[]): boolean[] {
      const beganAt = nowMs
      const late = atMs.map((ms) => {
        nowMs = beganAt + ms
        return delay.isLate()
      })
      endTurn?.()
      return late
    },
    pass: (ms: number) => void (nowMs += ms),
    /** Somebody who was refused rests still. */
    goOn: () => void (isOngoing = true),
  }
}

t.test('a burst is served, however long it takes', async (t) => {
  const loop = startLoop()
  t.same(loop.turn(0, 50, 90), [false, false, false])
  t.same(loop.turn(0, 5), [false, false])
  t.same(loop.turn(0, 50, 90), [false, false, false], 'the short turn between has ended what stood')
})

t.test('a queue that stands is shortened: who waits too long is refused, who does not is served', async (t) => {
  const loop = startLoop()
  loop.turn(0, 60)
  t.same(loop.turn(0, 10, 60, 110), [false, false, false, true])
  t.same(loop.turn(0, 9, 11, 40), [false, false, true, true])
})

t.test('within one endless turn the refusals begin when the time is over', async (t) => {
  t.same(startLoop().turn(0, 11, 110, 111, 200), [false, false, false, true, true])
})

t.test('one turn of tolerable length ends the refusals', async (t) => {
  const loop = startLoop()
  loop.turn(0, 60)
  t.same(loop.turn(0, 110), [false, true])
  t.same(loop.turn(0, 10), [false, false])
  t.same(loop.turn(0, 11), [false, false])
})

t.test('what was late before a pause says nothing about what comes after it', async (t) => {
  const loop = startLoop()
  loop.turn(0, 60)
  loop.pass(5_000)
  t.same(loop.turn(0, 60), [false, false])
})

t.test('a turn that one request made long does not count as a queue', async (t) => {
  const loop = startLoop()
  for (let i = 0; i < 20; i += 1) {
    t.same(loop.turn(0), [false])
    loop.pass(10)
  }
})

t.test('while refused connections rest, one turn that is too long is enough', async (t) => {
  const loop = startLoop()
  loop.goOn()
  t.same(loop.turn(0, 10, 11), [false, false, true])
})
