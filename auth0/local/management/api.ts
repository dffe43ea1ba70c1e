import type { IncomingMessage, ServerResponse } from 'node:http'

import { readBody } from '../form.ts'
import type { KeyRing } from '../keys.ts'
import type { Tenant } from '../tenant.ts'
import type { EventLog } from './events.ts'
import { createRateLimit } from './limit.ts'
import type { Answer, Resource } from './resource.ts'
import { problem } from './resource.ts'
import { managementResources } from './resources.ts'

export const managementPath = '/api/v2/'

type Caller = { clientId: string; scopes: string[] }

/** The part of Auth0's Management API that Stagedoor uses. Tokens, scopes and limits are checked as at Auth0. */
export function createManagementApi(tenant: Tenant, keys: KeyRing, events: EventLog) {
  const resources = managementResources(tenant)
  const isOverLimit = createRateLimit(tenant)

  return async function manage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await answerTo(request, response)
    if (answer) {
      response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8' })
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
    }
  }

  async function answerTo(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const caller = await callerOf(request)
    if (!caller) return problem(401, 'Unauthorized', 'Invalid token')
    if (isOverLimit(caller.clientId, response)) {
      const { status, body } = problem(429, 'Too Many Requests', 'Global limit has been reached')
      return { status, body: Object.assign({ errorCode: 'too_many_requests' }, body) }
    }
    const { pathname, searchParams: query } = new URL(request.url ?? '/', tenant.issuer)
    const path = pathname.slice(managementPath.length)
    if (path === 'events' && request.method === 'GET') {
      return requireScopes(caller, ['read:events']) ?? events.subscribe(request, response, query)
    }
    for (const resource of resources) {
      const parameters = resource.method === request.method ? matchPath(resource, path) : undefined
      if (!parameters) continue
      const refusal = requireScopes(caller, resource.scopes)
      if (refusal) return refusal
      return resource.answer({ query, body: await jsonBody(request), scopes: caller.scopes, parameters })
    }
    return problem(404, 'Not Found', 'Not Found')
  }

  async function callerOf(request: IncomingMessage): Promise<Caller | undefined> {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const claims = token === undefined ? undefined : await keys.verify(token)
    if (!claims?.exp || claims.exp * 1000 < tenant.nowMs()) return undefined
    if (claims.aud !== `${tenant.issuer}api/v2/` || typeof claims.azp !== 'string') return undefined
    return { clientId: claims.azp, scopes: typeof claims.scope === 'string' ? claims.scope.split(' ') : [] }
  }
}

function requireScopes(caller: Caller, scopes: string[]): Answer | undefined {
  if (scopes.every((scope) => caller.scopes.includes(scope))) return undefined
  return problem(403, 'Forbidden', `Insufficient scope, expected any of: ${scopes.join(',')}`)
}

function matchPath(resource: Resource, path: string): string[] | undefined {
  const wanted = resource.path.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  if (!wanted.every((segment, index) => segment === '*' || segment === given[index])) return undefined
  return given.filter((_, index) => wanted[index] === '*').map(decodeURIComponent)
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request)
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
