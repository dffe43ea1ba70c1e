import t from 'tap'

import { createOpenConnections, type OpenConnection } from '../../src/proxy/open-connections.ts'
import { sessionOf } from '../support/sessions.ts'

const asked = { method: 'GET', path: '/', host: 'portal.example' }
const connection = (sessionId?: string): OpenConnection & { closedWith: number[] } => {
  const closedWith: number[] = []
  return {
    session: sessionId === undefined ? undefined : sessionOf({ id: sessionId }),
    asked,
    isLongLived: false,
    index: -1,
    closedWith,
    close: (code) => void closedWith.push(code),
  }
}

t.test('connections can be removed in any order, and the others stay listed', async (t) => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]
  for (const order of orders) {
    const open = createOpenConnections()
    const connections = [connection('a'), connection('b'), connection('a')]
    for (const each of connections) open.add(each)
    const left = new Set(connections)
    for (const index of order) {
      const leaving = connections[index]
      if (leaving === undefined) throw new TypeError('no such connection')
      open.remove(leaving)
      open.remove(leaving)
      left.delete(leaving)
      t.equal(open.size, left.size)
      t.same(new Set(open.sessions().flatMap((session) => session.connections)), left, order.join())
    }
  }
})

t.test('ending a session closes its connections, and none of other sessions or without a session', async (t) => {
  const open = createOpenConnections()
  const [mine, alsoMine, others, nobodys] = [connection('a'), connection('a'), connection('b'), connection()]
  for (const each of [mine, alsoMine, others, nobodys]) open.add(each)
  t.same(
    open.sessions().map(({ session, connections }) => [session.id, connections.length]),
    [
      ['a', 2],
      ['b', 1],
    ],
    'what nobody is signed in to is of no session',
  )
  t.equal(open.closeSession('a', 4401, 'ended'), 2)
  t.same(
    [mine, alsoMine, others, nobodys].map(({ closedWith }) => closedWith),
    [[4401], [4401], [], []],
  )
})

t.test('all connections are closed even if one removes itself meanwhile', async (t) => {
  const open = createOpenConnections()
  const connections = [connection('a'), connection('a'), connection('a')]
  for (const each of connections) {
    each.close = (code) => {
      open.remove(each)
      each.closedWith.push(code)
    }
    open.add(each)
  }
  t.equal(open.closeSession('a', 4401, 'ended'), 3)
  t.equal(open.size, 0)
  t.same(
    connections.map(({ closedWith }) => closedWith),
    [[4401], [4401], [4401]],
  )
})

t.test('a shutdown ends upgrades and event streams, and lets requests under way finish', async (t) => {
  const open = createOpenConnections()
  const [stream, request] = [connection('a'), connection('a')]
  open.add({ ...stream, isLongLived: true })
  open.add(request)
  t.equal(open.closeLongLived(1001, 'shutting down'), 1)
  t.same([stream.closedWith, request.closedWith], [[1001], []])
})
