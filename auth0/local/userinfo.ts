import type Provider from 'oidc-provider'

import { actionClaims, profileClaims } from './claims.ts'
import type { KeyRing } from './keys.ts'
import type { RouteContext } from './routes.ts'
import type { Tenant } from './tenant.ts'
import { findUser } from './tenant.ts'

type Window = { startedMs: number; calls: number }

/** /userinfo accepts opaque tokens and JWTs with its audience, and limits calls per user and minute. */
export function createUserinfo(tenant: Tenant, provider: Provider, keys: KeyRing) {
  const windows = new Map<string, Window>()

  return async function userinfo(context: RouteContext): Promise<void> {
    const token = /^Bearer (\S+)$/i.exec(context.get('authorization'))?.[1]
    const userId = token && (await subjectOf(token))
    const user = userId ? findUser(tenant, userId) : undefined
    if (!user) {
      context.status = 401
      context.set('www-authenticate', 'Bearer error="invalid_token"')
      context.body = { error: 'invalid_token' }
      return
    }
    if (isOverLimit(user.id)) {
      context.status = 429
      context.body = { error: 'access_denied', error_description: 'Global limit has been reached' }
      return
    }
    context.body = { sub: user.id, ...profileClaims(user), ...actionClaims(user) }
  }

  async function subjectOf(token: string): Promise<string | undefined> {
    if (!token.includes('.')) return (await provider.AccessToken.find(token))?.accountId
    const claims = await keys.verify(token)
    if (!claims?.exp || claims.exp * 1000 < tenant.nowMs()) return undefined
    return [claims.aud].flat().includes(`${tenant.issuer}userinfo`) ? claims.sub : undefined
  }

  function isOverLimit(userId: string): boolean {
    const nowMs = tenant.nowMs()
    const window = windows.get(userId)
    if (!window || nowMs - window.startedMs > 60_000) {
      windows.set(userId, { startedMs: nowMs, calls: 1 })
      return false
    }
    window.calls += 1
    return window.calls > tenant.settings.userinfoCallsPerMinute
  }
}
