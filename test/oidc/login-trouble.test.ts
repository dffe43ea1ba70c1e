import t from 'tap'

import { GatewayError } from '../../src/errors/gateway-error.ts'
import {
  formatMarker,
  type LoginMarker,
  parseMarker,
  isSessionNotKept,
  markerAtEnd,
  markerAtRestart,
  markerAtStart,
} from '../../src/oidc/login-marker.ts'
import { answerToStray, StrayCallback } from '../../src/oidc/stray-callback.ts'

const now = 1_000_000
const none: LoginMarker = { kind: 'none' }
const started: LoginMarker = { kind: 'started', rounds: 0 }
const restarted: LoginMarker = { kind: 'restarted', rounds: 0 }
const finished: LoginMarker = { kind: 'finished', rounds: 1, at: now }

const missing = (reason: 'no-cookie' | 'slot-taken' | 'used-before') =>
  new StrayCallback('STAGEDOOR_OIDC_TRANSACTION_MISSING', reason, '/catalog')
const expired = new StrayCallback('STAGEDOOR_OIDC_TRANSACTION_EXPIRED', undefined, '/catalog')
const foreign = new GatewayError('STAGEDOOR_OIDC_STATE_MISMATCH')

const rows: [string, GatewayError, boolean, boolean, LoginMarker, string][] = [
  ['the back button, signed in', missing('used-before'), true, true, none, 'say-signed-in'],
  ['a foreign state, signed in', foreign, true, true, started, 'say-signed-in'],
  ['a tab that another one has signed in', missing('no-cookie'), true, true, finished, 'continue'],
  ['a tab whose slot another one has, signed in', missing('slot-taken'), true, true, finished, 'continue'],
  ['a login that took too long', expired, false, true, started, 'restart'],
  ['the same, a second time', expired, false, true, restarted, 'page'],
  ['a tab whose slot another one has', missing('slot-taken'), false, true, restarted, 'restart'],
  ['a login gone missing', missing('no-cookie'), false, true, started, 'restart'],
  ['the same in a browser without cookies', missing('no-cookie'), false, true, none, 'page'],
  ['the back button after signing out', missing('used-before'), false, true, finished, 'page'],
  ['a foreign state', foreign, false, true, started, 'page'],
  ['no navigation', missing('no-cookie'), true, false, started, 'page'],
  ['a refusal by the login service', new GatewayError('STAGEDOOR_OIDC_PROVIDER_REFUSED'), true, true, started, 'page'],
]
for (const [what, error, isSignedIn, isNavigation, marker, expected] of rows) {
  t.test(`${what} leads to: ${expected}`, async (t) => {
    t.equal(answerToStray(error, { isSignedIn, isNavigation, marker }), expected)
  })
}

t.test('a third login right after two successful ones without a session counts as a loop', async (t) => {
  const twice: LoginMarker = { ...finished, rounds: 2 }
  t.notOk(isSessionNotKept(finished, false, now), 'somebody may have ended the session')
  t.ok(isSessionNotKept(twice, false, now + 29_999))
  t.notOk(isSessionNotKept(twice, false, now + 30_000), 'the session may have been kept, and ended since')
  t.notOk(isSessionNotKept(twice, true, now))
})

t.test('rounds are counted across logins and reset by a session', async (t) => {
  const second = markerAtStart(finished, now)
  t.same(second, { kind: 'started', rounds: 1 })
  t.same(markerAtEnd(second, false, now), { kind: 'finished', rounds: 2, at: now })
  t.same(markerAtEnd(second, true, now), { kind: 'finished', rounds: 1, at: now })
  t.same(markerAtStart(finished, now + 30_000), started)
  t.same(markerAtStart(none, now), started)
})

t.test('a login that restarted by itself stays marked', async (t) => {
  t.same(markerAtRestart({ kind: 'started', rounds: 1 }, now), { kind: 'restarted', rounds: 1 })
  t.same(markerAtStart(restarted, now), restarted)
})

t.test('a marker survives the round trip, and any other value is ignored', async (t) => {
  for (const marker of [started, restarted, finished, none]) t.same(parseMarker(formatMarker(marker)), marker)
  for (const other of [undefined, 'finished', 'finished-1', 'started', 'started-10', 'none-1']) {
    t.same(parseMarker(other), none)
  }
})
