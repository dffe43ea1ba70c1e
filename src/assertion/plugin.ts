import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'
import { continueAfter } from '../errors/contain.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { MachinePrincipal, Principal, UserPrincipal } from '../identity/principal.ts'
import type { Minter } from './minter.ts'
import type { WithPassedGroups } from './passed-groups.ts'
import { oauth2ProxyHeaders, type UpstreamIdentity } from './upstream-identity.ts'

/** How one upstream gets the caller's identity. The minters issue only for the audiences of this upstream. */
export type Statement = {
  minter: Minter<UserPrincipal>
  machineMinter: Minter<MachinePrincipal>
  kinds: readonly ('assertion' | 'oauth2-proxy')[]
}

/** Statements by the name of the upstream. */
export type AssertionOptions = { statements: ReadonlyMap<string, Statement>; withPassedGroups: WithPassedGroups }

const nobody: UpstreamIdentity = Object.freeze({ headers: Object.freeze([]), replacesAuthorization: false })

/**
 * Signs the caller's identity for the upstream: in the assertion header for a user, in `Authorization` for a machine. Requests of
 * anonymous callers (public rules) and requests with Backstage's own token get no statement.
 */
export const assertion = fastifyPlugin<AssertionOptions>(
  async (app, { statements, withPassedGroups }) => {
    app.decorateRequest('upstreamIdentity', undefined)

    app.addHook('onRequest', (request, reply, done) => {
      const statement = statementFor(request)
      const known = recall(request.principal, statement)
      if (known !== undefined) {
        request.upstreamIdentity = known
        return done()
      }
      const minting = mint(request.principal, statement).then(
        (minted) => void (request.upstreamIdentity = minted),
        (cause: unknown) => new GatewayError('STAGEDOOR_ASSERTION_UNAVAILABLE', { cause }),
      )
      continueAfter(minting, reply, done)
    })

    function statementFor({ decision }: FastifyRequest): Statement {
      const statement = decision?.effect === 'allow' ? statements.get(decision.upstream) : undefined
      if (statement === undefined) throw new GatewayError('STAGEDOOR_INTERNAL', { reason: 'no-decision' })
      return statement
    }

    /** The identity that is already minted; undefined when minting has to wait for a signature. */
    function recall(principal: Principal, statement: Statement): UpstreamIdentity | undefined {
      if (principal.kind === 'machine') return known(statement.machineMinter.recall(principal), machineIdentity)
      if (principal.kind !== 'user') return nobody
      const user = withPassedGroups(principal)
      return known(isSigned(statement) ? statement.minter.recall(user) : '', (jws) =>
        userIdentity(user, statement, jws),
      )
    }

    async function mint(principal: Principal, statement: Statement): Promise<UpstreamIdentity> {
      if (principal.kind === 'machine') return machineIdentity(await statement.machineMinter.mint(principal))
      if (principal.kind !== 'user') return nobody
      const user = withPassedGroups(principal)
      return userIdentity(user, statement, await statement.minter.mint(user))
    }
  },
  { name: 'assertion', dependencies: ['policy'] },
)

function isSigned({ kinds }: Statement): boolean {
  return kinds.includes('assertion')
}

function userIdentity({ subject, claims }: UserPrincipal, statement: Statement, jws: string): UpstreamIdentity {
  const headers = isSigned(statement) ? [assertionHeader, jws] : []
  if (statement.kinds.includes('oauth2-proxy')) headers.push(...oauth2ProxyHeaders(subject, claims))
  return { headers, replacesAuthorization: false }
}

function machineIdentity(jws: string): UpstreamIdentity {
  return { headers: ['Authorization', `Bearer ${jws}`], replacesAuthorization: true }
}

function known(jws: string | undefined, identityOf: (jws: string) => UpstreamIdentity): UpstreamIdentity | undefined {
  return jws === undefined ? undefined : identityOf(jws)
}
