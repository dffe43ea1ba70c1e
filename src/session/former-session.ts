import type { Session } from './session.ts'
import type { RevocableStore } from './store.ts'

/**
 * Ends the session that a browser had before the present one. If it belongs to the same person, it ends with a delay, because other
 * tabs may still be loading with the old cookie. The session of another person ends at once.
 */
export async function endFormer(
  store: Pick<RevocableStore, 'supersede' | 'end'>,
  former: Session,
  next: Session,
): Promise<void> {
  if (isSamePerson(former, next)) await store.supersede(former)
  else await store.end(former)
}

function isSamePerson(one: Session, other: Session): boolean {
  return one.issuer === other.issuer && one.subject === other.subject
}
