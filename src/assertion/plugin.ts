import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'
import { GateError } from '../errors/gate-error.ts'
import type { UserPrincipal } from '../identity/principal.ts'
import type { Minter } from './minter.ts'
import { oauth2ProxyHeaders } from './oauth2-proxy-headers.ts'
import type { ToldUser } from './told-users.ts'
import type { UpstreamIdentity } from './upstream-identity.ts'

/** What one upstream is told. Its minter mints for its audience only, and knows of no other. */
export type Statement = { minter: Minter; kinds: readonly ('assertion' | 'oauth2-proxy')[] }

/** Statements by the name of the upstream. */
export type AssertionOptions = { statements: ReadonlyMap<string, Statement>; told: ToldUser }

const nobody: UpstreamIdentity = Object.freeze({ headers: Object.freeze([]), replacesAuthorization: false })

/** Fifth stage: says to the upstream, signed, who is asking. Anonymous callers of public rules get no statement. */
export const assertion = fastifyPlugin<AssertionOptions>(
  async (app, { statements, told }) => {
    app.decorateRequest('upstreamIdentity', undefined)

    app.addHook('onRequest', (request, _reply, done) => {
      if (request.principal.kind !== 'user') {
        request.upstreamIdentity = nobody
        return done()
      }
      const principal = told(request.principal)
      const statement = statementFor(request)
      const known = isSigned(statement) ? statement.minter.recall(principal) : ''
      if (known !== undefined) {
        request.upstreamIdentity = identityOf(principal, statement, known)
        return done()
      }
      statement.minter.mint(principal).then(
        (jws) => {
          request.upstreamIdentity = identityOf(principal, statement, jws)
          done()
        },
        (cause: unknown) => done(new GateError('STAGEDOOR_ASSERTION_UNAVAILABLE', { cause })),
      )
    })

    function statementFor({ decision }: FastifyRequest): Statement {
      const statement = decision?.effect === 'allow' ? statements.get(decision.upstream) : undefined
      if (statement === undefined) throw new GateError('STAGEDOOR_INTERNAL', { reason: 'no-decision' })
      return statement
    }
  },
  { name: 'assertion', dependencies: ['policy'] },
)

function isSigned({ kinds }: Statement): boolean {
  return kinds.includes('assertion')
}

function identityOf({ subject, claims }: UserPrincipal, statement: Statement, jws: string): UpstreamIdentity {
  const headers = isSigned(statement) ? [assertionHeader, jws] : []
  if (statement.kinds.includes('oauth2-proxy')) headers.push(...oauth2ProxyHeaders(subject, claims))
  return { headers, replacesAuthorization: false }
}
