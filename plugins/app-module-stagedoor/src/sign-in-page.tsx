import { Progress } from '@backstage/core-components'
import { discoveryApiRef, type IdentityApi, useApi } from '@backstage/frontend-plugin-api'
import { useEffect, useState } from 'react'

import { stagedoorSessionApiRef } from './apis.ts'
import type { Challenge } from './challenge.ts'
import { createIdentity } from './identity.ts'
import { createLoginAttempts } from './login-attempts.ts'
import { refreshSession } from './refresh.ts'
import type { SessionGuard } from './session-guard.ts'
import { SignInProblem } from './sign-in-problem.tsx'

/** What Backstage gives to the component of a sign-in page, in both frontend systems. @public */
export type SignInPageProps = { onSignInSuccess: (identity: IdentityApi) => void }

/**
 * Backstage's sign-in page: the browser is signed in at Stagedoor already, so it only asks who that is. A browser that is
 * not, or that needs a second factor, is sent to Stagedoor's login, a few times at most.
 *
 * @public
 */
export function StagedoorSignInPage(props: SignInPageProps) {
  const guard = useApi(stagedoorSessionApiRef)
  const discovery = useApi(discoveryApiRef)
  const [problem, setProblem] = useState<unknown>()

  useEffect(() => {
    let isGone = false
    void start().catch((error: unknown) => {
      if (!isGone) setProblem(error)
    })
    return () => {
      isGone = true
    }

    async function start(): Promise<void> {
      const refresh = () => refreshSession(discovery)
      const answer = await refresh()
      if (isGone) return
      if (answer.kind === 'challenge') {
        leaveForLogin(guard, answer.challenge)
        return
      }
      createLoginAttempts(sessionStorage, Date.now).forget()
      void guard.start()
      props.onSignInSuccess(createIdentity(answer.session, { refresh, guard, now: Date.now }))
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a parent that renders anew must not begin a second login
  }, [])

  return problem === undefined ? <Progress /> : <SignInProblem error={problem} guard={guard} />
}

/** @throws Error where login was tried again and again: something that login cannot change keeps the person out */
function leaveForLogin(guard: SessionGuard, challenge: Challenge): void {
  if (!createLoginAttempts(sessionStorage, Date.now).mayLeave()) {
    throw new Error(
      'Signing in was tried several times and the session was over each time. Allow cookies for this site.',
    )
  }
  guard.leaveFor(challenge)
}
