import { hash } from 'node:crypto'

/**
 * All keys and channels in Redis. Keys contain hashes, so that a list of keys shows no session id, user id or cookie.
 *
 * | key | type | what |
 * |---|---|---|
 * | `stagedoor:session:<h(session id)>` | hash | one session: `record` (sealed), `revision`, `usedAt`, `sidIndex`, `subIndex`, `endsAt`; expires with the session |
 * | `stagedoor:idx:sid:<h(iss, sid)>` | set | keys of the sessions of one session at the login service |
 * | `stagedoor:idx:sub:<h(iss, sub)>` | set | keys of the sessions of one user |
 * | `stagedoor:lease:<h(session id)>` | string | the process that refreshes this session at the moment |
 *
 * In a cluster the prefix is `{stagedoor}:`, a hash tag. It puts all keys into one slot, because scripts change several keys at once.
 */
export type RedisKeys = ReturnType<typeof createRedisKeys>

export const plainPrefix = 'stagedoor:'
export const clusterPrefix = '{stagedoor}:'

export function createRedisKeys(prefix: string) {
  return {
    session: (sessionId: string) => `${prefix}session:${digest(sessionId)}`,
    /** Sessions of one session at the login service (ID token `sid`). An issuer is a URL without a line feed, so each pair is unique. */
    bySid: (issuer: string, sid: string) => `${prefix}idx:sid:${digest(`${issuer}\n${sid}`)}`,
    /** Sessions of one user. */
    bySub: (issuer: string, subject: string) => `${prefix}idx:sub:${digest(`${issuer}\n${subject}`)}`,
    lease: (sessionId: string) => `${prefix}lease:${digest(sessionId)}`,
    /** Any other key or channel: the prefix and the given name. */
    named: (name: string) => `${prefix}${name}`,
  }
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}
