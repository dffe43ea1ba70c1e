import type { FastifyReply, FastifyRequest } from 'fastify'
import { buildAuthorizationUrl, calculatePKCECodeChallenge } from 'openid-client'

import { GateError } from '../errors/gate-error.ts'
import { authorizationParameters, organizationOf, readLoginParameters } from './authorization-request.ts'
import type { RelyingParty } from './relying-party.ts'
import { safeReturnTo } from './return-to.ts'
import { type Transaction, transactionId } from './transaction.ts'

/** Starts a login: remembers it in this browser and sends the browser to the provider. */
export async function startLogin(party: RelyingParty, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!request.facts.isNavigation) throw new GateError('STAGEDOOR_OIDC_NOT_A_NAVIGATION')
  const { issuer } = await party.provider.metadata()
  const parameters = readLoginParameters(request.query, issuer)
  const organization = organizationOf(parameters, party.organization)
  const transaction = newTransaction(party, issuer, safeReturnTo(parameters.return_to, party.baseUrl, party.prefix))
  if (organization !== undefined) transaction.organization = organization
  const codeChallenge = await calculatePKCECodeChallenge(transaction.codeVerifier)
  const query = authorizationParameters({ ...party, ...transaction, codeChallenge, organization }, parameters)
  const url = await party.provider.call(async (configuration) => buildAuthorizationUrl(configuration, query))
  await party.transactions.write(request, reply, transaction)
  reply.header('cache-control', 'no-store').redirect(url.href, 302)
}

function newTransaction({ randomBytes, now }: RelyingParty, issuer: string, returnTo: string): Transaction {
  const random = (bytes: number): string => randomBytes(bytes).toString('base64url')
  const startedAt = now()
  const id = transactionId(startedAt, random(8))
  return { id, issuer, state: `${id}.${random(32)}`, nonce: random(32), codeVerifier: random(32), returnTo, startedAt }
}
