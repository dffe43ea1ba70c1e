import fastifyPlugin from 'fastify-plugin'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'
import { GateError } from '../errors/gate-error.ts'
import type { MachinePrincipal, Principal, UserPrincipal } from '../identity/principal.ts'
import type { Minter } from './minter.ts'
import { oauth2ProxyHeaders } from './oauth2-proxy-headers.ts'
import type { ToldUser } from './told-users.ts'
import type { UpstreamIdentity } from './upstream-identity.ts'

export type AssertionOptions = {
  minter: Minter<UserPrincipal>
  machineMinter: Minter<MachinePrincipal>
  kinds: readonly ('assertion' | 'oauth2-proxy')[]
  told: ToldUser
}

const nobody: UpstreamIdentity = Object.freeze({ headers: Object.freeze([]), replacesAuthorization: false })

/**
 * Fifth stage: says to the upstream, signed, who is asking. People get the assertion header, machines an `Authorization`
 * of ours. Anonymous callers of public rules get no statement, nor does who came with Backstage's own token.
 */
export const assertion = fastifyPlugin<AssertionOptions>(
  async (app, { minter, machineMinter, kinds, told }) => {
    const isSigned = kinds.includes('assertion')
    const hasOauth2ProxyHeaders = kinds.includes('oauth2-proxy')
    app.decorateRequest('upstreamIdentity', undefined)

    app.addHook('onRequest', (request, _reply, done) => {
      const known = recall(request.principal)
      if (known !== undefined) {
        request.upstreamIdentity = known
        return done()
      }
      mint(request.principal).then(
        (minted) => {
          request.upstreamIdentity = minted
          done()
        },
        (cause: unknown) => done(new GateError('STAGEDOOR_ASSERTION_UNAVAILABLE', { cause })),
      )
    })

    /** What can be said without waiting. */
    function recall(principal: Principal): UpstreamIdentity | undefined {
      if (principal.kind === 'machine') return known(machineMinter.recall(principal), machineIdentity)
      if (principal.kind !== 'user') return nobody
      const user = told(principal)
      return known(isSigned ? minter.recall(user) : '', (jws) => userIdentity(user, jws))
    }

    async function mint(principal: Principal): Promise<UpstreamIdentity> {
      if (principal.kind === 'machine') return machineIdentity(await machineMinter.mint(principal))
      if (principal.kind !== 'user') return nobody
      const user = told(principal)
      return userIdentity(user, await minter.mint(user))
    }

    function userIdentity({ subject, claims }: UserPrincipal, jws: string): UpstreamIdentity {
      const headers = isSigned ? [assertionHeader, jws] : []
      if (hasOauth2ProxyHeaders) headers.push(...oauth2ProxyHeaders(subject, claims))
      return { headers, replacesAuthorization: false }
    }
  },
  { name: 'assertion', dependencies: ['policy'] },
)

function machineIdentity(jws: string): UpstreamIdentity {
  return { headers: ['Authorization', `Bearer ${jws}`], replacesAuthorization: true }
}

function known(jws: string | undefined, identityOf: (jws: string) => UpstreamIdentity): UpstreamIdentity | undefined {
  return jws === undefined ? undefined : identityOf(jws)
}
