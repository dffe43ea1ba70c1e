import type { Session } from '../session.ts'

/** The right to refresh one session, for as long as it is kept. */
export type Lease = {
  /** @param hasFailed others then leave the session alone for a while, too */
  release(hasFailed: boolean): Promise<void>
}

export type Claim =
  | { kind: 'granted'; lease: Lease }
  /** Somebody else refreshes it: `change` resolves when it is worth asking again. */
  | { kind: 'held'; change: Promise<void> }
  /** Somebody else tried a moment ago in vain. */
  | { kind: 'failed' }
  /** Another revision of the session is there already, or it has ended. */
  | { kind: 'changed' }

/** Decides who of all replicas refreshes a session. */
export type Leases = {
  /** @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE, or as Redis fails, when nobody can tell */
  claim(session: Session): Promise<Claim>
}

/** For a process that is alone, as with the cookie store: whoever asks may. */
export const soleLeases: Leases = {
  claim: async () => ({ kind: 'granted', lease: { release: async () => undefined } }),
}
