import t from 'tap'

import { refreshCondition } from '../../src/assembly/sessions.ts'
import { upstreamConditions } from '../../src/assembly/upstreams.ts'
import type { Upstream } from '../../src/proxy/upstream-connections.ts'
import type { RefreshCounters } from '../../src/session/refresh/refresh-once.ts'

const upstream = (addresses: number, failing: number) => ({ condition: () => ({ addresses, failing }) }) as Upstream

t.test('the condition of an upstream uses the singular for one address', async (t) => {
  const upstreams = new Map([
    ['one', upstream(1, 1)],
    ['two', upstream(2, 1)],
    ['well', upstream(1, 0)],
  ])
  t.same(
    upstreamConditions(upstreams).map(({ reason }) => reason),
    ['1 of 1 address fails', '1 of 2 addresses fail', undefined],
  )
})

t.test('the condition of refreshes uses the singular for one failure', async (t) => {
  const reasonOf = (failedInARow: number) => refreshCondition({ failedInARow } as RefreshCounters).reason
  t.match(reasonOf(1), /^1 refresh failed:/)
  t.match(reasonOf(2), /^2 refreshes in a row failed:/)
  t.equal(reasonOf(0), undefined)
})
