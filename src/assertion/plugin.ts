import fastifyPlugin from 'fastify-plugin'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'
import { GateError } from '../errors/gate-error.ts'
import type { UserPrincipal } from '../identity/principal.ts'
import type { Minter } from './minter.ts'
import { oauth2ProxyHeaders } from './oauth2-proxy-headers.ts'
import type { ToldUser } from './told-users.ts'
import type { UpstreamIdentity } from './upstream-identity.ts'

export type AssertionOptions = { minter: Minter; kinds: readonly ('assertion' | 'oauth2-proxy')[]; told: ToldUser }

const nobody: UpstreamIdentity = Object.freeze({ headers: Object.freeze([]), replacesAuthorization: false })

/** Fifth stage: says to the upstream, signed, who is asking. Anonymous callers of public rules get no statement. */
export const assertion = fastifyPlugin<AssertionOptions>(
  async (app, { minter, kinds, told }) => {
    const isSigned = kinds.includes('assertion')
    const hasOauth2ProxyHeaders = kinds.includes('oauth2-proxy')
    app.decorateRequest('upstreamIdentity', undefined)

    app.addHook('onRequest', (request, _reply, done) => {
      if (request.principal.kind !== 'user') {
        request.upstreamIdentity = nobody
        return done()
      }
      const principal = told(request.principal)
      const known = isSigned ? minter.recall(principal) : ''
      if (known !== undefined) {
        request.upstreamIdentity = identityOf(principal, known)
        return done()
      }
      minter.mint(principal).then(
        (jws) => {
          request.upstreamIdentity = identityOf(principal, jws)
          done()
        },
        (cause: unknown) => done(new GateError('STAGEDOOR_ASSERTION_UNAVAILABLE', { cause })),
      )
    })

    function identityOf({ subject, claims }: UserPrincipal, jws: string): UpstreamIdentity {
      const headers = isSigned ? [assertionHeader, jws] : []
      if (hasOauth2ProxyHeaders) headers.push(...oauth2ProxyHeaders(subject, claims))
      return { headers, replacesAuthorization: false }
    }
  },
  { name: 'assertion', dependencies: ['policy'] },
)
