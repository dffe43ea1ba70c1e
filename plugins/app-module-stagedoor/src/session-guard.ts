import { type AnswerDependencies, type Answers, createAnswers } from './answers.ts'
import type { Challenge } from './challenge.ts'
import { createGate, type Outcome } from './gate.ts'
import type { Me, MeAnswer } from './me.ts'
import { createNotices, type Notice, type Notices } from './notice.ts'
import { createSessionClock, type SetTimer } from './session-clock.ts'
import { createKnowledge } from './session-knowledge.ts'

/** A person who goes from tab to tab is no reason to ask each time. */
const recheckAfterMs = 60_000

export type GuardDependencies = Pick<AnswerDependencies, 'openLogin' | 'leaveForLogin'> & {
  readMe: () => Promise<MeAnswer>
  leaveForLogout: () => void
  /** Tells the other tabs. */
  announce: (event: 'signed-out') => void
  now: () => number
  setTimer: SetTimer
}

/** Knows whether the session lives, keeps calls waiting while it does not, and says what the person should see. */
export type SessionGuard = Omit<Notices, 'show'> &
  Answers & {
    /** Learns who is signed in and until when. */
    start: () => Promise<void>
    me: () => Me | undefined
    /** How often the person has signed in while this page was open: each time they may have come back with other roles. */
    logins: () => number
    /** Lets a call through, or keeps it until the person has signed in again. */
    pass: () => Promise<Outcome>
    /** What becomes of a call that Stagedoor stopped. */
    settle: (challenge: Challenge) => Promise<Outcome>
    /** Leaves a page that has nothing to lose for what Stagedoor asks, and comes back to it. */
    leaveFor: (challenge: Challenge) => void
    /** The person was someone else before: nothing of this page may be sent in the new one's name. */
    refuseOtherUser: (name: string) => Promise<never>
    /** The person looks at this page again: meanwhile the session may have been renewed, or become someone else's. */
    recheck: () => Promise<void>
    /** A part of the page could not be loaded: perhaps for want of a session. */
    suspect: () => Promise<void>
    /** Another window signed in (also after a step-up), or out. */
    hear: (event: 'signed-in' | 'signed-out') => Promise<void>
    /** Ends the session at Stagedoor and Auth0. Never resolves: the page is being left. */
    signOut: () => Promise<never>
  }

export function createSessionGuard(deps: GuardDependencies): SessionGuard {
  const notices = createNotices()
  const signIn = createGate()
  const stepUp = createGate()
  const { current, show, subscribe } = notices
  const knowledge = createKnowledge({ ...deps, onSignedIn, onSignedOut: () => end('expired'), onOtherUser })
  const clock = createSessionClock({ ...deps, onEnding: warn, onEnd: () => void knowledge.check() })
  const isOver = () => current()?.kind === 'over'
  let logins = 0

  function onSignedIn(me: Me): void {
    if (isOver()) {
      logins += 1
      // Their dialog gave way to the one that goes now: without another try nothing would end their wait.
      stepUp.open('retry')
    }
    if (isOutdated(current(), me)) show(undefined)
    clock.set(me.endsAt)
    signIn.open('retry')
  }

  function onOtherUser(name: string): Promise<never> {
    show({ kind: 'other-user', name })
    return forever()
  }

  function end(cause: 'expired' | 'signed-out'): void {
    if (isOver() || current()?.kind === 'other-user') return
    show({ kind: 'over', cause, isDismissed: false, isPopupBlocked: false })
  }

  function warn(endsAt: number): void {
    if (current() === undefined) show({ kind: 'ending', endsAt })
  }

  async function pass(): Promise<Outcome> {
    const notice = current()
    if (notice?.kind === 'other-user') return forever()
    if (notice?.kind !== 'over') return 'retry'
    return notice.isDismissed ? 'give-up' : signIn.wait()
  }

  async function settle(challenge: Challenge): Promise<Outcome> {
    if (challenge.kind === 'step-up') return askForStepUp(challenge.loginUrl)
    // One call may have been stopped just before the person signed in again: only Stagedoor knows.
    const status = isOver() ? 'signed-out' : await knowledge.check()
    return status === 'unknown' ? 'give-up' : pass()
  }

  function askForStepUp(loginUrl: string | undefined): Promise<Outcome> {
    const kind = current()?.kind
    if (kind === undefined || kind === 'ending') show({ kind: 'step-up', loginUrl, isPopupBlocked: false })
    return stepUp.wait()
  }

  async function hear(event: 'signed-in' | 'signed-out'): Promise<void> {
    if (event === 'signed-out') {
      end('signed-out')
      return
    }
    const counted = logins
    if ((await knowledge.checkAnew()) !== 'signed-in') return
    if (logins === counted) logins += 1
    if (current()?.kind === 'step-up') show(undefined)
    stepUp.open('retry')
  }

  function signOut(): Promise<never> {
    deps.announce('signed-out')
    deps.leaveForLogout()
    return forever()
  }

  const checkIf = async (isNeeded: boolean): Promise<void> => void (isNeeded && (await knowledge.check()))
  return {
    current,
    subscribe,
    ...createAnswers({ ...deps, notices, signIn, stepUp }),
    start: () => checkIf(true),
    me: knowledge.me,
    logins: () => logins,
    pass,
    settle,
    leaveFor: (challenge) => deps.leaveForLogin(challenge.kind === 'step-up' ? challenge.loginUrl : undefined),
    refuseOtherUser: onOtherUser,
    recheck: () => checkIf(isOver() || knowledge.age() > recheckAfterMs),
    suspect: () => checkIf(!isOver()),
    hear,
    signOut,
  }
}

/** Whether a notice no longer holds, given a live session: it says that the session is over, or names another end. */
function isOutdated(notice: Notice | undefined, { endsAt }: Me): boolean {
  return notice?.kind === 'over' || (notice?.kind === 'ending' && notice.endsAt !== endsAt)
}

function forever(): Promise<never> {
  return new Promise(() => {})
}
