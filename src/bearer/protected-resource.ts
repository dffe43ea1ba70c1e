import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import type { GatewayError } from '../errors/gateway-error.ts'

const wellKnown = '/.well-known/oauth-protected-resource'

type ProtectedResourceOptions = {
  /** Origin of `server.baseUrl`. */
  baseUrl: string
  /** Issuers whose access tokens machines may bring. */
  issuers: readonly string[]
  /** Whether a path takes user tokens of Backstage's own; those are given out by Backstage itself. */
  takesBackstageTokens: (path: string, host: string) => boolean
}

/** What a client must know to get a token for the resource at `path` (RFC 9728 §2); empty for the gateway as a whole. */
function resourceMetadata(path: string, isBackstages: boolean, options: ProtectedResourceOptions) {
  const { baseUrl, issuers } = options
  return {
    resource: `${baseUrl}${path}`,
    authorization_servers: isBackstages ? [`${baseUrl}/api/auth`] : issuers,
    bearer_methods_supported: ['header'],
  }
}

/** `GET /.well-known/oauth-protected-resource`, and the same for one path (RFC 9728 §3.1). Public by its nature. */
export const protectedResource: FastifyPluginAsync<ProtectedResourceOptions> = async (app, options) => {
  app.get(wellKnown, async (_request, reply) => reply.send(resourceMetadata('', false, options)))
  app.get(`${wellKnown}/*`, async ({ facts }, reply) => {
    const path = facts.path.slice(wellKnown.length)
    return reply.send(resourceMetadata(path, options.takesBackstageTokens(path, facts.host), options))
  })
}

/** Makes the `WWW-Authenticate` of a 401 (RFC 6750 §3, RFC 9728 §5.1); undefined where a token would not help. */
export function createChallenge({ baseUrl, takesBackstageTokens }: ProtectedResourceOptions) {
  return (error: GatewayError, { facts, headers }: FastifyRequest): string | undefined => {
    if (facts === undefined || facts.isNavigation) return undefined
    if (error.code !== 'STAGEDOOR_BEARER_REFUSED' && error.code !== 'STAGEDOOR_POLICY_UNAUTHENTICATED') return undefined
    // A quote would end the parameter.
    const path = takesBackstageTokens(facts.path, facts.host) ? facts.path.replaceAll('"', '%22') : ''
    const parameters = [`resource_metadata="${baseUrl}${wellKnown}${path}"`]
    // §3.1: the challenge for a request without a token has no error code.
    if (headers.authorization !== undefined && error.code === 'STAGEDOOR_BEARER_REFUSED') {
      parameters.unshift('error="invalid_token"', `error_description="${error.reason ?? ''}"`)
    }
    return `Bearer ${parameters.join(', ')}`
  }
}
