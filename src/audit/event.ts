import type { RequestFacts } from '../boundary/facts.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from '../policy/decision.ts'

/** The request that caused an event, and its sender. */
type Cause = { facts?: RequestFacts | undefined; principal?: Principal | undefined }

/** The sessions that a revocation ends. `sid` is the session id of the login service. */
export type RevocationTarget = { session?: string; sid?: string; subject?: string; organization?: string }

/** The source of a revocation: an administrator, the user (one session or all), the login service, or one of its events (by type). */
type RevocationChannel = 'admin' | 'own-session' | 'sign-out-everywhere' | 'back-channel-logout' | (string & {})

/** A change of a key, a secret or the configuration. `id` identifies it, and never contains a secret value. */
type Change = {
  what: string
  action: string
  id?: string | undefined
  jwk?: object | undefined
  /** Names of options or places in files, never values. */
  options?: readonly string[] | undefined
}

/** The last record that a writer is known to have written. */
export type ChainHead = { writer: string; seq: number; hash: string }

/** A process at its start. `config` is a digest of the configuration; `secrets` is a digest of its secrets, keyed with the audit key `key`. */
export type ProcessFacts = { config: string; key: string; pid: number; secrets: string; version: string }

type Answer = { status: number; durationMs: number }

/** Everything that the trail records. `write()` adds the time. */
export type AuditEvent = Cause &
  (
    | ({ event: 'decision'; decision: Decision } & Answer)
    /** Written before the request is forwarded, so that no admin action reaches an upstream without a record. */
    | { event: 'admin-action'; phase: 'begun'; class: string; decision?: Decision }
    /** Written before the client gets the answer. */
    | ({ event: 'admin-action'; phase: 'answered'; class: string; decision?: Decision } & Answer)
    | { event: 'login' | 'step-up' | 'logout' }
    | { event: 'login-refused' | 'access-refused' | 'refresh-failed'; reason: string }
    /** `reason` is an error code: the revocation applies in this process, but could not be sent to the others. */
    | { event: 'revocation'; channel: RevocationChannel; target: RevocationTarget; reason?: string }
    | { event: 'key' | 'secret' | 'config'; change: Change }
    | { event: 'start'; process: ProcessFacts; previous: readonly ChainHead[] }
    | { event: 'stop' }
    /** A signed statement of the record before it (JWS, compact). */
    | { event: 'checkpoint'; checkpoint: string }
  )
