import { ResponseError } from '@backstage/errors'
import type { DiscoveryApi } from '@backstage/frontend-plugin-api'

import { parseBackstageSession } from './backstage-session.ts'
import { readChallenge } from './challenge.ts'
import type { RefreshAnswer } from './identity.ts'

/**
 * Asks Backstage's auth backend, through Stagedoor, who is signed in.
 *
 * @throws ResponseError where Backstage refuses or fails; its 403 says why there is no user
 */
export async function refreshSession(discovery: DiscoveryApi): Promise<RefreshAnswer> {
  const url = `${await discovery.getBaseUrl('auth')}/stagedoor/refresh`
  const headers = { 'x-requested-with': 'XMLHttpRequest' }
  const response = await fetch(url, { headers, credentials: 'include', cache: 'no-store' })
  const challenge = await readChallenge(response)
  if (challenge !== undefined) return { kind: 'challenge', challenge }
  if (!response.ok) throw await ResponseError.fromResponse(response)
  return { kind: 'session', session: parseBackstageSession(await response.json()) }
}
