import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import type { GatewayError } from '../errors/gateway-error.ts'

const wellKnown = '/.well-known/oauth-protected-resource'

type ProtectedResourceOptions = {
  /** Origin of `server.baseUrl`. */
  baseUrl: string
  /** Issuers of accepted machine access tokens. */
  issuers: readonly string[]
  /** Whether the rule of a path accepts user tokens issued by Backstage. */
  takesBackstageTokens: (path: string, host: string) => boolean
}

/** The metadata that a client needs to get a token for the resource at `path` (RFC 9728 §2). An empty path means the whole gateway. */
function resourceMetadata(path: string, isBackstages: boolean, options: ProtectedResourceOptions) {
  const { baseUrl, issuers } = options
  return {
    resource: `${baseUrl}${path}`,
    authorization_servers: isBackstages ? [`${baseUrl}/api/auth`] : issuers,
    bearer_methods_supported: ['header'],
  }
}

/** `GET /.well-known/oauth-protected-resource`, for the gateway or for one path (RFC 9728 §3.1). Public, because clients read it to get a token. */
export const protectedResource: FastifyPluginAsync<ProtectedResourceOptions> = async (app, options) => {
  app.get(wellKnown, async (_request, reply) => reply.send(resourceMetadata('', false, options)))
  app.get(`${wellKnown}/*`, async ({ facts }, reply) => {
    const path = facts.path.slice(wellKnown.length)
    return reply.send(resourceMetadata(path, options.takesBackstageTokens(path, facts.host), options))
  })
}

/** Makes the `WWW-Authenticate` header of a 401 (RFC 6750 §3, RFC 9728 §5.1); undefined when a token would not help. */
export function createChallenge({ baseUrl, takesBackstageTokens }: ProtectedResourceOptions) {
  return (error: GatewayError, { facts, headers }: FastifyRequest): string | undefined => {
    if (facts === undefined || facts.isNavigation) return undefined
    if (error.code !== 'STAGEDOOR_BEARER_REFUSED' && error.code !== 'STAGEDOOR_POLICY_UNAUTHENTICATED') return undefined
    // A double quote would end the quoted parameter value.
    const path = takesBackstageTokens(facts.path, facts.host) ? facts.path.replaceAll('"', '%22') : ''
    const parameters = [`resource_metadata="${baseUrl}${wellKnown}${path}"`]
    // RFC 6750 §3.1: a challenge for a request without a token has no error code.
    if (headers.authorization !== undefined && error.code === 'STAGEDOOR_BEARER_REFUSED') {
      parameters.unshift('error="invalid_token"', `error_description="${error.reason ?? ''}"`)
    }
    return `Bearer ${parameters.join(', ')}`
  }
}
