import t from 'tap'

import { GatewayError } from '../../src/errors/gateway-error.ts'
import type { ErrorCode } from '../../src/errors/table.ts'
import { formatMarker, type LoginMarker, parseMarker } from '../../src/oidc/login-marker.ts'
import {
  isSessionNotKept,
  markerAtEnd,
  markerAtRestart,
  markerAtStart,
  wayOnFrom,
} from '../../src/oidc/login-trouble.ts'

const now = 1_000_000
const none: LoginMarker = { kind: 'none' }
const started: LoginMarker = { kind: 'started', rounds: 0 }
const restarted: LoginMarker = { kind: 'restarted', rounds: 0 }
const finished: LoginMarker = { kind: 'finished', rounds: 1, at: now }

const rows: [string, ErrorCode, boolean, boolean, LoginMarker, string][] = [
  ['a bookmark, signed in', 'STAGEDOOR_OIDC_TRANSACTION_MISSING', true, true, none, 'already-signed-in'],
  ['a foreign state, signed in', 'STAGEDOOR_OIDC_STATE_MISMATCH', true, true, started, 'already-signed-in'],
  ['a login that took too long', 'STAGEDOOR_OIDC_TRANSACTION_EXPIRED', false, true, started, 'restart'],
  ['the same, a second time', 'STAGEDOOR_OIDC_TRANSACTION_EXPIRED', false, true, restarted, 'page'],
  ['a login gone missing', 'STAGEDOOR_OIDC_TRANSACTION_MISSING', false, true, started, 'restart'],
  ['the same in a browser without cookies', 'STAGEDOOR_OIDC_TRANSACTION_MISSING', false, true, none, 'page'],
  ['the back button after signing out', 'STAGEDOOR_OIDC_TRANSACTION_MISSING', false, true, finished, 'page'],
  ['a foreign state', 'STAGEDOOR_OIDC_STATE_MISMATCH', false, true, started, 'page'],
  ['no navigation', 'STAGEDOOR_OIDC_TRANSACTION_MISSING', true, false, started, 'page'],
  ['a refusal by the login service', 'STAGEDOOR_OIDC_PROVIDER_REFUSED', true, true, started, 'page'],
]
for (const [what, code, isSignedIn, isNavigation, marker, expected] of rows) {
  t.test(`${what} leads to: ${expected}`, async (t) => {
    t.equal(wayOnFrom(new GatewayError(code), { isSignedIn, isNavigation, marker }), expected)
  })
}

t.test('a login right after two that ended well, and still without a session, goes round in circles', async (t) => {
  const twice: LoginMarker = { ...finished, rounds: 2 }
  t.notOk(isSessionNotKept(finished, false, now), 'somebody may have ended the session')
  t.ok(isSessionNotKept(twice, false, now + 29_999))
  t.notOk(isSessionNotKept(twice, false, now + 30_000), 'the session may have been kept, and ended since')
  t.notOk(isSessionNotKept(twice, true, now))
})

t.test('rounds are counted from login to login, and begin anew where a session was kept', async (t) => {
  const second = markerAtStart(finished, now)
  t.same(second, { kind: 'started', rounds: 1 })
  t.same(markerAtEnd(second, false, now), { kind: 'finished', rounds: 2, at: now })
  t.same(markerAtEnd(second, true, now), { kind: 'finished', rounds: 1, at: now })
  t.same(markerAtStart(finished, now + 30_000), started)
  t.same(markerAtStart(none, now), started)
})

t.test('a login that started over by itself stays marked so', async (t) => {
  t.same(markerAtRestart({ kind: 'started', rounds: 1 }, now), { kind: 'restarted', rounds: 1 })
  t.same(markerAtStart(restarted, now), restarted)
})

t.test('a marker is read as it was written, and anything else is none', async (t) => {
  for (const marker of [started, restarted, finished, none]) t.same(parseMarker(formatMarker(marker)), marker)
  for (const other of [undefined, 'finished', 'finished-1', 'started', 'started-10', 'none-1']) {
    t.same(parseMarker(other), none)
  }
})
