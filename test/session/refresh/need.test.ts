import t from 'tap'

import { refreshNeedOf } from '../../../src/session/refresh/refresher.ts'
import { sessionOf } from '../../support/sessions.ts'

const times = { refreshEveryMs: 100, maxStaleMs: 1_000 }

t.test(
  'claims are refreshed first in the background, later before their use, and are invalid past maxStale',
  async (t) => {
    const session = sessionOf({ refreshedAt: 0 })
    const rows = [
      [0, 'none'],
      [79, 'none'],
      [80, 'soon'],
      [99, 'soon'],
      [100, 'due'],
      [1_099, 'due'],
      [1_100, 'overdue'],
      [-60_000, 'none'],
      [-60_001, 'due'],
    ] as const
    for (const [now, need] of rows) t.equal(refreshNeedOf(session, times, now), need, `${now} ms old`)
  },
)

t.test('a session without a refresh token is never refreshed', async (t) => {
  const { refreshToken: _none, ...session } = sessionOf({ refreshedAt: 0 })
  t.equal(refreshNeedOf(session, times, 5_000), 'none')
})
