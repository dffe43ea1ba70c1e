import type { BackstageSession } from './backstage-session.ts'
import type { Challenge } from './challenge.ts'
import type { SessionGuard } from './session-guard.ts'
import { SessionOverError } from './session-over-error.ts'
import { lifetimeOf, type TokenLifetime } from './token-lifetime.ts'

/** Backstage's token, or what Stagedoor asks first. Every other answer is thrown. */
export type RefreshAnswer = { kind: 'session'; session: BackstageSession } | { kind: 'challenge'; challenge: Challenge }

/** Backstage's `IdentityApi`. */
export type Identity = {
  getProfileInfo(): Promise<BackstageSession['profile']>
  getBackstageIdentity(): Promise<BackstageSession['identity']>
  getCredentials(): Promise<{ token: string }>
  signOut(): Promise<void>
}

export type IdentityDependencies = {
  refresh: () => Promise<RefreshAnswer>
  guard: Pick<SessionGuard, 'logins' | 'pass' | 'settle' | 'refuseOtherUser' | 'signOut'>
  now: () => number
}

/** After a failed refresh the next one waits this long, however many calls ask. */
const pauseAfterFailureMs = 10_000
const maxRounds = 3

type Held = BackstageSession & TokenLifetime & { login: number }

/**
 * The identity of the person whom Stagedoor signed in. The token is renewed when a call needs it, five minutes before it
 * ends or when the person has signed in again, once for all calls; while the session is over it is not renewed.
 */
export function createIdentity(first: BackstageSession, { refresh, guard, now }: IdentityDependencies): Identity {
  let held = hold(first)
  let renewing: Promise<Held> | undefined
  let failed: { error: unknown; until: number } | undefined

  function hold(session: BackstageSession, login = guard.logins()): Held {
    return { ...session, ...lifetimeOf(session.token, now()), login }
  }

  async function current(): Promise<Held> {
    if (now() < held.renewAt && held.login === guard.logins()) return held
    if (failed !== undefined && now() < failed.until) return lastGood(failed.error)
    renewing ??= renew().finally(() => {
      renewing = undefined
    })
    return renewing
  }

  /** A failed refresh does not sign the person out: the token is used until it expires. */
  function lastGood(error: unknown): Held {
    if (now() < held.expiresAt) return held
    throw error
  }

  async function renew(): Promise<Held> {
    try {
      const { session, login } = await refreshUntilSignedIn()
      if (session.identity.userEntityRef !== held.identity.userEntityRef) {
        return await guard.refuseOtherUser(session.profile.displayName ?? session.identity.userEntityRef)
      }
      failed = undefined
      held = hold(session, login)
      return held
    } catch (error) {
      if (error instanceof SessionOverError) throw error
      failed = { error, until: now() + pauseAfterFailureMs }
      return lastGood(error)
    }
  }

  async function refreshUntilSignedIn(): Promise<{ session: BackstageSession; login: number }> {
    for (let round = 0; round < maxRounds && (await guard.pass()) === 'retry'; round += 1) {
      // A login that comes while the answer is on its way asks for another.
      const login = guard.logins()
      const answer = await refresh()
      if (answer.kind === 'session') return { session: answer.session, login }
      if ((await guard.settle(answer.challenge)) === 'give-up') break
    }
    throw new SessionOverError()
  }

  return {
    getProfileInfo: async () => (await current()).profile,
    getBackstageIdentity: async () => (await current()).identity,
    getCredentials: async () => ({ token: (await current()).token }),
    signOut: () => guard.signOut(),
  }
}
