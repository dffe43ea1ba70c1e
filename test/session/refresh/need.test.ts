import t from 'tap'

import { refreshNeedOf } from '../../../src/session/refresh/refresher.ts'
import { sessionOf } from '../../support/sessions.ts'

const times = { refreshEveryMs: 100, maxStaleMs: 1_000 }

t.test(
  'claims are refreshed ahead of need, then before they are used, and past maxStale they do not count',
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

t.test('a session without refresh token needs nothing', async (t) => {
  const { refreshToken: _none, ...session } = sessionOf({ refreshedAt: 0 })
  t.equal(refreshNeedOf(session, times, 5_000), 'none')
})
