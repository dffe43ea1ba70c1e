import type { Session } from '../session/session.ts'
import { anonymous, type Principal, type UserPrincipal } from './principal.ts'

/** Sessions do not change in place, so that a principal is made once for each. */
const principals = new WeakMap<Session, UserPrincipal>()

/** The principal behind a session; anonymous without one. */
export function principalOf(session: Session | undefined): Principal {
  if (session === undefined) return anonymous
  const known = principals.get(session)
  if (known !== undefined) return known
  const principal = userOf(session)
  principals.set(session, principal)
  return principal
}

function userOf(session: Session): UserPrincipal {
  const { issuer, subject, id, claims, authTimeSeconds, amr } = session
  const user: UserPrincipal = { kind: 'user', issuer, subject, sessionId: id, claims, amr }
  return authTimeSeconds === undefined ? user : { ...user, authTimeSeconds }
}
