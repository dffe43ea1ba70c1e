import { useApi } from '@backstage/frontend-plugin-api'
import { type ReactNode, useEffect, useState } from 'react'

import { stagedoorSessionApiRef } from './apis.ts'
import type { Me } from './me.ts'
import { useNotice } from './use-notice.ts'

/**
 * The Auth0 identity of the signed-in person, with roles and groups; undefined until Stagedoor has answered. Use it for what a
 * page shows. Backends decide what a person may do.
 *
 * @public
 */
export function useAuth0Identity(): Me | undefined {
  const guard = useApi(stagedoorSessionApiRef)
  const [me, setMe] = useState<Me | undefined>(guard.me)
  // A notice comes or goes when the person signs in again, perhaps with other roles.
  const notice = useNotice(guard)
  useEffect(() => {
    let isGone = false
    const isKnown = guard.me() === undefined ? guard.start() : Promise.resolve()
    void isKnown.then(() => !isGone && setMe(guard.me()))
    return () => {
      isGone = true
    }
  }, [guard, notice])
  return me
}

/** What {@link RequireRole} takes. @public */
export type RequireRoleProps = {
  /** One role, or several of which one is enough. */
  role: string | readonly string[]
  children: ReactNode
  /** What people without the role see; default: nothing. */
  fallback?: ReactNode
}

/** Shows its children to people who have the role. @public */
export function RequireRole({ role, children, fallback = null }: RequireRoleProps) {
  const identity = useAuth0Identity()
  const roles = typeof role === 'string' ? [role] : role
  const isAllowed = roles.some((one) => identity?.roles.includes(one))
  return <>{isAllowed ? children : fallback}</>
}
