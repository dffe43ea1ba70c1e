import t from 'tap'

import { createRoom } from '../../src/overload/room.ts'

/** Two upstreams, and a process that is busy. */
function startRoom() {
  const state = { nowMs: 1_000, busy: 1, looks: 0 }
  const slow = { waiting: 0 }
  const hasRoom = createRoom({
    queues: [{ waiting: 0 }, slow],
    busyShare() {
      state.looks += 1
      return state.busy
    },
    now: () => state.nowMs,
  })
  return { state, slow, hasRoom }
}

t.test('there is room while few wait for upstreams, and nobody looks how busy the process is', async (t) => {
  const { state, slow, hasRoom } = startRoom()
  slow.waiting = 31
  t.ok(hasRoom())
  t.equal(state.looks, 0)
})

t.test('where many wait because the process has no time there is none, until fewer do', async (t) => {
  const { slow, hasRoom } = startRoom()
  slow.waiting = 32
  t.notOk(hasRoom())
  slow.waiting = 31
  t.ok(hasRoom())
})

t.test('where many wait because an upstream takes its time, more may wait for it', async (t) => {
  const { state, slow, hasRoom } = startRoom()
  state.busy = 0.94
  slow.waiting = 1_000
  t.ok(hasRoom())
})

t.test('how busy the process is, is looked at every 50 ms', async (t) => {
  const { state, slow, hasRoom } = startRoom()
  slow.waiting = 32
  hasRoom()
  state.busy = 0
  state.nowMs += 49
  t.notOk(hasRoom())
  t.equal(state.looks, 1)
  state.nowMs += 1
  t.ok(hasRoom())
  state.busy = 0.95
  state.nowMs += 50
  t.notOk(hasRoom())
})
