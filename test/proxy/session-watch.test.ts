import { mock } from 'node:test'

import t, { type Test } from 'tap'

import { createOpenConnections, newest } from '../../src/proxy/open-connections.ts'
import { createSessionWatch } from '../../src/proxy/session-watch.ts'
import type { Session } from '../../src/session/session.ts'
import { sessionOf } from '../support/sessions.ts'

const jane = sessionOf({ id: 'jane', refreshedAt: 10, usedAt: 10 })
const max = sessionOf({ id: 'max', subject: 'auth0|max' })

/** A watch over an upgrade and a pending request of Jane's, and an upgrade of Max's. */
function watching(t: Test, isStillAllowed = (_session: Session) => true) {
  const openConnections = createOpenConnections()
  const closed: string[] = []
  const open = (name: string, session: Session, isLongLived: boolean): void => {
    openConnections.add({
      session,
      asked: { method: 'GET', path: '/', host: 'portal.example' },
      isLongLived,
      index: -1,
      close: (code) => void closed.push(`${name} ${code}`),
    })
  }
  open('jane-upgrade', jane, true)
  open('jane-request', jane, false)
  open('max-upgrade', max, true)
  const ends = new Map<string, number>()
  const endOf = ({ id }: Session): number => ends.get(id) ?? Infinity
  const failures: unknown[] = []
  const onFailure = (error: unknown): void => void failures.push(error)
  const clock = { now: () => 100 }
  const watch = createSessionWatch({ openConnections, endOf, isStillAllowed, now: () => clock.now(), onFailure })
  t.teardown(watch.close)
  return { watch, closed, openConnections, ends, failures, clock }
}

t.test('upgrades of sessions with outdated claims have to reconnect; requests and other sessions go on', async (t) => {
  const { watch, closed } = watching(t)
  watch.recheck(({ id }) => id === 'jane')
  t.same(closed, ['jane-upgrade 1012'])
})

t.test('all connections of a session close when it ends, and no others', async (t) => {
  const { watch, closed, ends } = watching(t)
  ends.set('jane', 100).set('max', 101)
  watch.sweep()
  t.same(closed, ['jane-upgrade 4401', 'jane-request 4401'])
})

t.test('an error while one session is checked neither keeps another open nor ends the process', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { closed, ends, failures, clock } = watching(t)
  const error = new Error('injected')
  Object.defineProperty(ends, 'get', {
    value: (id: string) => {
      if (id === 'jane') throw error
      return 100
    },
  })
  mock.timers.tick(500)
  t.same(closed, ['max-upgrade 4401'])
  t.same(failures, [error])
  clock.now = () => {
    throw error
  }
  mock.timers.tick(500)
  t.same(failures, [error, error])
})

t.test(
  'connections that new claims no longer allow close; updates without new claims or for other sessions close none',
  async (t) => {
    const { watch, closed, openConnections } = watching(t, ({ claims }) => claims.roles.includes('developer'))
    const claims = { roles: [], groups: [], permissions: [] }
    watch.update({ ...jane, claims: { ...jane.claims }, usedAt: 20 })
    watch.update(sessionOf({ id: 'eve', claims }))
    t.same(closed, [])
    t.equal(openConnections.ofSession('jane')?.session.usedAt, 20)
    watch.update({ ...jane, claims, refreshedAt: 30 })
    t.same(closed, ['jane-upgrade 4403', 'jane-request 4403'])
  },
)

t.test('changed rules close long-lived connections that they no longer allow; requests under way go on', async (t) => {
  const { watch, closed, failures } = watching(t, ({ id }) => {
    if (id === 'max') throw new Error('injected')
    return false
  })
  watch.applyRules()
  t.same(closed, ['jane-upgrade 4403'])
  t.match(failures, [{ message: 'injected' }], 'a failure keeps no other open')
})

t.test('two states of a session merge to the fresher claims and the later use, in either order', async (t) => {
  const used = { ...jane, usedAt: 40 }
  const refreshed = { ...jane, refreshedAt: 30, usedAt: 30 }
  const both = { ...jane, refreshedAt: 30, usedAt: 40 }
  t.same(newest(used, refreshed), both)
  t.same(newest(refreshed, used), both)
  t.equal(newest(both, used), both)
  t.equal(newest(used, both), both)
})
