import type { AccessToken, BackstageUser } from './access-token.ts'
import type { BearerReason } from './reasons.ts'

/** A token that was verified. */
export type Accepted = { kind: 'machine'; token: AccessToken } | { kind: 'backstage'; user: BackstageUser }

/** A token that is not addressed to us: it is left alone, and proves nothing here. */
export type Foreign = { kind: 'foreign'; reason: BearerReason; isBackstage?: true }

/** What a bearer token turned out to be. */
export type Verdict =
  | Accepted
  | Foreign
  /** Addressed to us, and not good. */
  | { kind: 'refused'; reason: BearerReason; clientId?: string }
  /** An opaque or encrypted token. */
  | { kind: 'unreadable'; reason: BearerReason }
  /** Addressed to us, and we have no keys to verify it with. */
  | { kind: 'unavailable' }
