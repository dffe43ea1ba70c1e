import type { Gate } from './gate.ts'
import type { Notice, Notices } from './notice.ts'

export type AnswerDependencies = {
  notices: Notices
  /** Where calls wait for a session. */
  signIn: Gate
  /** Where calls wait for a second factor. */
  stepUp: Gate
  /** Opens Stagedoor's login in a window of its own; false where the browser does not allow that. */
  openLogin: (loginUrl: string | undefined) => boolean
  /** Leaves this page for Stagedoor's login, and comes back to it. */
  leaveForLogin: (loginUrl: string | undefined) => void
}

/** What the person can answer to a notice. */
export type Answers = {
  signInAgain: () => void
  /** On this page, which is left; what was typed is lost. */
  signInHere: () => void
  /** Calls that wait are given up. */
  dismiss: () => void
}

export function createAnswers({ notices, signIn, stepUp, openLogin, leaveForLogin }: AnswerDependencies): Answers {
  const { current, show } = notices

  function signInAgain(): void {
    const notice = current()
    if (openLogin(loginUrlOf(notice)) || notice === undefined) return
    if (notice.kind === 'over') show({ ...notice, isDismissed: false, isPopupBlocked: true })
    else if (notice.kind === 'step-up') show({ ...notice, isPopupBlocked: true })
    else leaveForLogin(undefined)
  }

  function dismiss(): void {
    const notice = current()
    if (notice?.kind === 'over') {
      show({ ...notice, isDismissed: true })
      signIn.open('give-up')
    } else if (notice?.kind !== 'other-user') show(undefined)
    stepUp.open('give-up')
  }

  return { signInAgain, signInHere: () => leaveForLogin(loginUrlOf(current())), dismiss }
}

function loginUrlOf(notice: Notice | undefined): string | undefined {
  return notice?.kind === 'step-up' ? notice.loginUrl : undefined
}
