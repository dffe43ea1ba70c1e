import t from 'tap'

import { Backlog } from '../../src/overload/backlog.ts'

/** Two upstreams; waits of more than 10 ms count, refusals begin after 100 ms. */
function startBacklog() {
  const state = { nowMs: 1_000, busy: 1, isOngoing: false }
  const slow = { waiting: 0, lastWaitMs: 0 }
  const backlog = new Backlog({
    maxDelayMs: 10,
    afterMs: 100,
    isOngoing: () => state.isOngoing,
    queues: [{ waiting: 0, lastWaitMs: 0 }, slow],
    busyShare: () => state.busy,
    now: () => state.nowMs,
  })
  return {
    state,
    wait: (waiting: number, lastWaitMs: number) => void Object.assign(slow, { waiting, lastWaitMs }),
    /** Asks every 5 ms for so long. @returns how often the answer was that a request is late */
    ask: (ms: number): number => {
      let late = 0
      for (let i = 0; i < ms / 5; i += 1) {
        state.nowMs += 5
        late += Number(backlog.isLate())
      }
      return late
    },
  }
}

t.test('short waits are nobody\u2019s concern, however many wait', async (t) => {
  const { wait, ask } = startBacklog()
  wait(1_000, 10)
  t.equal(ask(1_000), 0)
})

t.test('while an upstream takes its time and the process does not, requests wait', async (t) => {
  const { state, wait, ask } = startBacklog()
  state.busy = 0.94
  wait(1_000, 5_000)
  t.equal(ask(1_000), 0)
})

t.test('a queue that stands because the process has no time is not joined any more', async (t) => {
  const { wait, ask } = startBacklog()
  wait(10, 11)
  t.equal(ask(100), 0, 'a burst is served')
  t.equal(ask(100), 20)
})

t.test('a queue that emptied was a burst: its time counts from the beginning again', async (t) => {
  const { wait, ask } = startBacklog()
  wait(10, 11)
  ask(95)
  wait(0, 0)
  t.equal(ask(5), 0)
  wait(10, 11)
  t.equal(ask(100), 0)
})

t.test('once refusals have begun nobody waits, but there is room where nobody does', async (t) => {
  const { wait, ask } = startBacklog()
  wait(10, 11)
  ask(200)
  wait(1, 1)
  t.equal(ask(100), 20, 'a short wait is one too many as well')
  wait(0, 0)
  t.equal(ask(100), 0)
  wait(1, 1)
  t.equal(ask(100), 20, 'at once')
})

t.test('a moment to spare ends it', async (t) => {
  const { state, wait, ask } = startBacklog()
  wait(10, 11)
  ask(200)
  state.busy = 0.5
  ask(10)
  state.busy = 1
  t.equal(ask(90), 0)
})

t.test('while refused connections rest, what stands anew is no burst', async (t) => {
  const { state, wait, ask } = startBacklog()
  state.isOngoing = true
  wait(10, 11)
  t.equal(ask(20), 2, 'the second look tells')
  state.busy = 0.5
  t.equal(ask(100), 0, 'but only where the process has no time')
})
