import { randomUUID } from 'node:crypto'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'
import type { AssertionOptions, Statement } from '../assertion/plugin.ts'
import { signInPathOf } from '../config/derived-settings.ts'
import type { Config } from '../config/schema.ts'
import { traceparent } from '../headers/trace-context.ts'
import { principalOf, type UserPrincipal } from '../identity/principal.ts'
import { sendOwnRequest } from '../proxy/own-request.ts'
import type { Upstream } from '../proxy/upstream-connections.ts'
import type { Session } from '../session/session.ts'
import type { Dependencies } from './dependencies.ts'

const timeoutMs = 10_000

type RoleChangeParts = AssertionOptions & { upstreams: ReadonlyMap<string, Upstream> }

type Listener = { name: string; path: string; upstream: Upstream; statement: Statement }

/**
 * Reports a user whose rights changed to the upstreams that cache users. Backstage caches a user's groups for as long as its own
 * token lives, up to an hour. After this request it decides by the new groups, even for older tokens.
 *
 * @returns a function that never rejects: a failure is logged, and the change then takes effect with Backstage's next token for the user
 */
export function provisionRoleChanges(
  config: Config,
  { logger, randomBytes }: Dependencies,
  { upstreams, statements, withPassedGroups }: RoleChangeParts,
): (session: Session) => Promise<void> {
  const { host } = new URL(config.server.baseUrl)
  const listeners = listenersOf(config, upstreams, statements)

  async function sendChange({ name, path, upstream, statement }: Listener, user: UserPrincipal): Promise<void> {
    const requestId = randomUUID()
    const context = { upstream: name, path, session: user.sessionId, requestId }
    try {
      const ours = ['X-Request-Id', requestId, 'traceparent', traceparent(undefined, randomBytes)]
      const headers = ['Host', host, ...ours, assertionHeader, await statement.minter.mint(withPassedGroups(user))]
      const status = await sendOwnRequest(upstream, { path, headers, timeoutMs })
      if (status < 300) logger.info(context, 'the upstream has the changed roles')
      else logger.warn({ ...context, status }, 'the upstream refused the changed roles (assertion.signInPath)')
    } catch (err) {
      logger.warn({ ...context, err }, 'the changed roles did not reach the upstream')
    }
  }

  return async (session) => {
    const user = principalOf(session)
    if (user.kind !== 'user') return
    await Promise.all(listeners.map((listener) => sendChange(listener, user)))
  }
}

/** Upstreams that accept a signed assertion with the changed user at a path of their own. */
function listenersOf(
  config: Config,
  upstreams: RoleChangeParts['upstreams'],
  statements: RoleChangeParts['statements'],
): Listener[] {
  return [...upstreams].flatMap(([name, upstream]) => {
    const path = signInPathOf(name, config)
    const statement = statements.get(name)
    if (path === undefined || statement === undefined || !statement.kinds.includes('assertion')) return []
    return [{ name, path, upstream, statement }]
  })
}
