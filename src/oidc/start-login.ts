import type { FastifyReply, FastifyRequest } from 'fastify'
import { calculatePKCECodeChallenge } from 'openid-client'

import { GatewayError } from '../errors/gateway-error.ts'
import { authorizationParameters, authorizationUrl } from './authorization-request.ts'
import { markerAtStart } from './login-marker.ts'
import { readLoginParameters } from './login-parameters.ts'
import { organizationOf } from './organization.ts'
import type { RelyingParty } from './relying-party.ts'
import { safeReturnTo } from './return-to.ts'
import type { SecondFactor } from './second-factor.ts'
import { destinationOf } from './step-up.ts'
import type { Transaction } from './transaction.ts'

/** Starts a login: stores it in a cookie and redirects the browser to the provider. */
export async function startLogin(party: RelyingParty, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!request.facts.isNavigation) throw new GatewayError('STAGEDOOR_OIDC_NOT_A_NAVIGATION')
  const { issuer } = await party.provider.metadata()
  const parameters = readLoginParameters(request.query, issuer)
  const returnTo = safeReturnTo(parameters.return_to, party.baseUrl, party.prefix)
  const secondFactor = stepUpTo(returnTo, party, request)
  const organization = organizationOf(parameters, party.organization, secondFactor && request.session)
  const transaction = newTransaction(party)
  if (organization !== undefined) transaction.organization = organization
  if (secondFactor !== undefined) transaction.secondFactor = secondFactor
  const slot = await party.transactions.chooseSlot(request, party.randomBytes(2).readUInt16BE())
  const state = await party.transactions.sealState({ slot, id: transaction.id, returnTo })
  const codeChallenge = await calculatePKCECodeChallenge(transaction.codeVerifier)
  const query = authorizationParameters({ ...party, ...transaction, state, codeChallenge, organization }, parameters)
  const url = await authorizationUrl(party, query)
  await party.transactions.write(reply, slot, transaction)
  party.markers.write(reply, markerAtStart(party.markers.read(request), party.now()))
  reply.header('cache-control', 'no-store').redirect(url.href, 302)
}

/**
 * Whether the person is signed in and the login link has no parameters, as in a bookmark: such a login is needless. A login with
 * a destination starts a new session: the Backstage module does this shortly before the old one ends.
 */
export function isNeedless(party: RelyingParty, request: FastifyRequest): boolean {
  if (request.session === undefined || request.facts.query !== '') return false
  return stepUpTo('/', party, request) === undefined
}

/** The second factor that the destination requires. The link cannot weaken it. */
function stepUpTo(
  returnTo: string,
  party: RelyingParty,
  { principal, facts }: FastifyRequest,
): SecondFactor | undefined {
  const { path, methods } = destinationOf(returnTo, party.baseUrl, party.prefix)
  const asked = methods.map((method) => party.secondFactorFor(principal, { method, path, host: facts.host }))
  return asked.find((secondFactor) => secondFactor !== undefined)
}

function newTransaction({ randomBytes, now }: RelyingParty): Transaction {
  const random = (bytes: number): string => randomBytes(bytes).toString('base64url')
  return { id: random(16), nonce: random(32), codeVerifier: random(32), startedAt: now() }
}
