import { slots } from '../oidc/transaction.ts'
import { chunkNames } from '../session/session-cookie.ts'

const names = [...chunkNames('stagedoor'), 'stagedoor-login', ...slots.map((slot) => `stagedoor-tx.${slot}`)]

/**
 * `Set-Cookie` values that take every cookie of ours away: headers that are too large stay so until cookies go. Which
 * ones came is not known then, so that each name goes as on https and as on plain http.
 */
export const clearedCookies: readonly string[] = names.flatMap((name) => [
  `__Host-${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
  `${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
])
