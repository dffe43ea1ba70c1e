import t from 'tap'

import { parseBackstageSession } from '../../plugins/app-module-stagedoor/src/backstage-session.ts'
import { createIdentity, type RefreshAnswer } from '../../plugins/app-module-stagedoor/src/identity.ts'
import { lifetimeOf } from '../../plugins/app-module-stagedoor/src/token-lifetime.ts'

const minuteMs = 60_000

function tokenFor(minutes: number): string {
  const payload = { iat: 1_000_000, exp: 1_000_000 + minutes * 60, note: 'ÿ?>' }
  return `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.x`
}

function sessionOf(token: string, name = 'jane') {
  const userEntityRef = `user:default/${name}`
  const identity = { type: 'user' as const, userEntityRef, ownershipEntityRefs: [userEntityRef] }
  return { token, identity, profile: { displayName: name } }
}

const sessionAnswer = (token: string, name?: string): RefreshAnswer => ({
  kind: 'session',
  session: sessionOf(token, name),
})
const overAnswer: RefreshAnswer = { kind: 'challenge', challenge: { kind: 'session-over' } }

function startIdentity(answers: (RefreshAnswer | Error)[], outcome: 'retry' | 'give-up' = 'retry') {
  const clock = { now: 0 }
  const seen = { refreshes: 0, settled: 0, refused: '', signedOut: 0, logins: 0 }
  const identity = createIdentity(sessionOf(tokenFor(60)), {
    now: () => clock.now,
    guard: {
      logins: () => seen.logins,
      pass: async () => 'retry',
      settle: async () => {
        seen.settled += 1
        return outcome
      },
      refuseOtherUser: async (name) => {
        seen.refused = name
        throw new Error('refused')
      },
      signOut: async () => {
        seen.signedOut += 1
        throw new Error('left')
      },
    },
    async refresh() {
      seen.refreshes += 1
      const answer = answers.shift()
      if (answer === undefined) throw new Error('asked too often')
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  return { identity, clock, seen }
}

t.test('a token is used until five minutes before it ends, then renewed once for all calls', async (t) => {
  const { identity, clock, seen } = startIdentity([sessionAnswer('second')])
  clock.now = 54 * minuteMs
  t.same(await identity.getCredentials(), { token: tokenFor(60) })
  t.equal(seen.refreshes, 0)
  clock.now = 55 * minuteMs
  const calls = [identity.getCredentials(), identity.getCredentials(), identity.getCredentials()]
  t.same(await Promise.all(calls), [{ token: 'second' }, { token: 'second' }, { token: 'second' }])
  t.equal(seen.refreshes, 1)
  t.same(await identity.getProfileInfo(), { displayName: 'jane' })
  t.match(await identity.getBackstageIdentity(), { userEntityRef: 'user:default/jane' })
})

t.test('a new login gets a new token at once, since roles may have changed', async (t) => {
  const { identity, seen } = startIdentity([sessionAnswer(tokenFor(50))])
  t.same(await identity.getCredentials(), { token: tokenFor(60) })
  seen.logins += 1
  for (let i = 0; i < 3; i += 1) t.same(await identity.getCredentials(), { token: tokenFor(50) })
  t.equal(seen.refreshes, 1)
})

t.test('after the end of the session a refresh waits for the login and is then sent again', async (t) => {
  const { identity, clock, seen } = startIdentity([overAnswer, sessionAnswer('second')])
  clock.now = 55 * minuteMs
  t.same(await identity.getCredentials(), { token: 'second' })
  t.match(seen, { settled: 1, refreshes: 2 })
})

t.test('a declined login gives an error, and so does a session that is over each time', async (t) => {
  const unwilling = startIdentity([overAnswer], 'give-up')
  unwilling.clock.now = 55 * minuteMs
  await t.rejects(unwilling.identity.getCredentials(), { name: 'SessionOverError' })
  const endless = startIdentity([overAnswer, overAnswer, overAnswer])
  endless.clock.now = 55 * minuteMs
  await t.rejects(endless.identity.getCredentials(), { name: 'SessionOverError' })
  t.equal(endless.seen.refreshes, 3)
})

t.test('a failed refresh is not retried for ten seconds, and the token is used until it expires', async (t) => {
  const { identity, clock, seen } = startIdentity([new Error('503'), new Error('503 again'), sessionAnswer('second')])
  clock.now = 59 * minuteMs
  for (let i = 0; i < 5; i += 1) t.same(await identity.getCredentials(), { token: tokenFor(60) })
  t.equal(seen.refreshes, 1)
  clock.now = 60 * minuteMs
  for (let i = 0; i < 5; i += 1) await t.rejects(identity.getCredentials(), { message: '503 again' })
  t.equal(seen.refreshes, 2)
  clock.now += 10_000
  t.same(await identity.getCredentials(), { token: 'second' })
})

t.test('a token of another person is never used', async (t) => {
  const { identity, clock, seen } = startIdentity([sessionAnswer('of max', 'max')])
  clock.now = 60 * minuteMs
  await t.rejects(identity.getCredentials(), { message: 'refused' })
  t.equal(seen.refused, 'max')

  const session = { ...sessionOf('of eve', 'eve'), profile: {} }
  const nameless = startIdentity([{ kind: 'session', session }])
  nameless.clock.now = 60 * minuteMs
  await t.rejects(nameless.identity.getCredentials(), { message: 'refused' })
  t.equal(nameless.seen.refused, 'user:default/eve')
})

t.test('the guard handles sign-out', async (t) => {
  const { identity, seen } = startIdentity([])
  await t.rejects(identity.signOut(), { message: 'left' })
  t.equal(seen.signedOut, 1)
})

t.test('the lifetime of a token comes from the token, not from the browser’s clock', async (t) => {
  t.same(lifetimeOf(tokenFor(60), 5_000), { renewAt: 5_000 + 55 * minuteMs, expiresAt: 5_000 + 60 * minuteMs })
  t.same(lifetimeOf(tokenFor(4), 0), { renewAt: 2 * minuteMs, expiresAt: 4 * minuteMs })
  for (const unreadable of ['', 'e30.bnVsbA.x', 'e30.e30.x', 'e30.{.x', tokenFor(-1)]) {
    t.same(lifetimeOf(unreadable, 0), { renewAt: 5 * minuteMs, expiresAt: 10 * minuteMs }, unreadable)
  }
})

t.test('the required members of a refresh answer are checked', async (t) => {
  const identity = { userEntityRef: 'user:default/jane', ownershipEntityRefs: ['group:default/a', 1] }
  const profile = { email: 'j@x', displayName: 'Jane', picture: 'p' }
  t.same(parseBackstageSession({ backstageIdentity: { token: 't', identity }, profile }), {
    token: 't',
    identity: { type: 'user', userEntityRef: 'user:default/jane', ownershipEntityRefs: ['group:default/a'] },
    profile,
  })
  const bare = { backstageIdentity: { token: 't', identity: { userEntityRef: 'u' } }, profile: {} }
  t.same(parseBackstageSession(bare), {
    token: 't',
    identity: { type: 'user', userEntityRef: 'u', ownershipEntityRefs: [] },
    profile: {},
  })
  for (const wrong of [null, {}, { ...bare, profile: null }, { ...bare, backstageIdentity: { identity } }]) {
    t.throws(() => parseBackstageSession(wrong), TypeError)
  }
})
