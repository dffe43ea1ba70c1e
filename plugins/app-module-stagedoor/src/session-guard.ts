import type { Challenge } from './challenge.ts'
import { createGate, type Outcome } from './gate.ts'
import type { Me, MeAnswer } from './me.ts'
import { createNotices, type Notice, type Notices } from './notice.ts'
import { createSessionClock, type SetTimer } from './session-clock.ts'

/** A person who goes from tab to tab is no reason to ask each time. */
const recheckAfterMs = 60_000

export type GuardDependencies = {
  readMe(): Promise<MeAnswer>
  /** Opens Stagedoor's login in a window of its own; false where the browser does not allow that. */
  openLogin(loginUrl: string | undefined): boolean
  /** Leaves this page for Stagedoor's login, and comes back to it. */
  leaveForLogin(loginUrl: string | undefined): void
  leaveForLogout(): void
  /** Tells the other tabs. */
  announce(event: 'signed-out'): void
  now(): number
  setTimer: SetTimer
}

/** Knows whether the session lives, keeps calls waiting while it does not, and says what the person should see. */
export type SessionGuard = Omit<Notices, 'show'> & {
  /** Learns who is signed in and until when. */
  start: () => Promise<void>
  me: () => Me | undefined
  /** Lets a call through, or keeps it until the person has signed in again. */
  pass: () => Promise<Outcome>
  /** What becomes of a call that Stagedoor stopped. */
  settle: (challenge: Challenge) => Promise<Outcome>
  /** The person was someone else before: nothing of this page may be sent in the new one's name. */
  refuseOtherUser: (name: string) => Promise<never>
  /** The person looks at this page again: meanwhile the session may have been renewed, or become someone else's. */
  recheck: () => Promise<void>
  /** A part of the page could not be loaded: perhaps for want of a session. */
  suspect: () => Promise<void>
  /** Another window signed in (also after a step-up), or out. */
  hear: (event: 'signed-in' | 'signed-out') => Promise<void>
  signInAgain: () => void
  signInHere: () => void
  dismiss: () => void
  /** Ends the session at Stagedoor and Auth0. Never resolves: the page is being left. */
  signOut: () => Promise<never>
}

export function createSessionGuard(deps: GuardDependencies): SessionGuard {
  const { current, show, subscribe } = createNotices()
  const signIn = createGate()
  const stepUp = createGate()
  const clock = createSessionClock({ ...deps, onEnding: warn, onEnd: () => void check() })
  let known: Me | undefined
  let checking: Promise<MeAnswer['kind']> | undefined
  let checkedAt = 0

  /** Asks Stagedoor who is signed in; however many want to know, it is asked once. */
  function check(): Promise<MeAnswer['kind']> {
    checkedAt = deps.now()
    checking ??= deps
      .readMe()
      .then(learn)
      .finally(() => {
        checking = undefined
      })
    return checking
  }

  async function learn(answer: MeAnswer): Promise<MeAnswer['kind']> {
    if (answer.kind === 'signed-out') endSession('expired')
    if (answer.kind !== 'signed-in') return answer.kind
    if (known !== undefined && known.sub !== answer.me.sub) return refuseOtherUser(answer.me.name)
    known = answer.me
    if (isOutdated(current(), known)) show(undefined)
    clock.set(known.endsAt)
    signIn.open('retry')
    return answer.kind
  }

  function endSession(cause: 'expired' | 'signed-out'): void {
    if (isOver() || current()?.kind === 'other-user') return
    show({ kind: 'over', cause, isDismissed: false, isPopupBlocked: false })
  }

  function isOver(): boolean {
    return current()?.kind === 'over'
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
    const status = isOver() ? 'signed-out' : await check()
    if (status === 'unknown') return 'give-up'
    return pass()
  }

  function askForStepUp(loginUrl: string | undefined): Promise<Outcome> {
    const kind = current()?.kind
    if (kind === undefined || kind === 'ending') show({ kind: 'step-up', loginUrl, isPopupBlocked: false })
    return stepUp.wait()
  }

  function refuseOtherUser(name: string): Promise<never> {
    show({ kind: 'other-user', name })
    return forever()
  }

  async function hear(event: 'signed-in' | 'signed-out'): Promise<void> {
    if (event === 'signed-out') return endSession('signed-out')
    // An answer that is on its way may be older than the sign-in.
    await checking
    if ((await check()) !== 'signed-in') return
    if (current()?.kind === 'step-up') show(undefined)
    stepUp.open('retry')
  }

  function signInAgain(): void {
    const notice = current()
    const isOpen = deps.openLogin(notice?.kind === 'step-up' ? notice.loginUrl : undefined)
    if (isOpen || notice === undefined) return
    if (notice.kind === 'over' || notice.kind === 'step-up') show({ ...notice, isPopupBlocked: true })
    else deps.leaveForLogin(undefined)
  }

  function signInHere(): void {
    const notice = current()
    deps.leaveForLogin(notice?.kind === 'step-up' ? notice.loginUrl : undefined)
  }

  function dismiss(): void {
    const notice = current()
    if (notice?.kind === 'over') {
      show({ ...notice, isDismissed: true })
      signIn.open('give-up')
    } else if (notice?.kind !== 'other-user') show(undefined)
    stepUp.open('give-up')
  }

  async function start(): Promise<void> {
    await check()
  }

  async function recheck(): Promise<void> {
    if (isOver() || deps.now() - checkedAt > recheckAfterMs) await check()
  }

  async function suspect(): Promise<void> {
    if (!isOver()) await check()
  }

  function signOut(): Promise<never> {
    deps.announce('signed-out')
    deps.leaveForLogout()
    return forever()
  }

  const me = () => known
  return {
    current,
    subscribe,
    start,
    me,
    pass,
    settle,
    refuseOtherUser,
    recheck,
    suspect,
    hear,
    signInAgain,
    signInHere,
    dismiss,
    signOut,
  }
}

/** What a live session makes untrue: that it is over, or that it ends at another time. */
function isOutdated(notice: Notice | undefined, { endsAt }: Me): boolean {
  return notice?.kind === 'over' || (notice?.kind === 'ending' && notice.endsAt !== endsAt)
}

function forever(): Promise<never> {
  return new Promise(() => {})
}
