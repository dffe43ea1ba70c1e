import type { FastifyReply, FastifyRequest } from 'fastify'
import { authorizationCodeGrant, type ServerMetadata } from 'openid-client'

import { GatewayError } from '../errors/gateway-error.ts'
import type { Session } from '../session/session.ts'
import { isSubject } from './claim-values.ts'
import { deviceOf } from './device.ts'
import { isAuthTimeRefused, providerRefusal } from './failures.ts'
import { isAccessTokenNamed, isLoginForOrganization } from './id-token.ts'
import { markerAtEnd } from './login-marker.ts'
import type { RelyingParty } from './relying-party.ts'
import { provesSecondFactor } from './second-factor.ts'
import { newSession, type Tokens } from './session-from-tokens.ts'
import { maxAgeSecondsOf } from './step-up.ts'
import { StrayCallback } from './stray-callback.ts'
import { isExpired, type Transaction } from './transaction.ts'

type CallbackQuery = Readonly<Record<string, string | string[] | undefined>>

/** Finishes a login: checks that this browser started it, exchanges the code and starts a session. */
export async function finishLogin(
  party: RelyingParty,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<{ session: Session; isStepUp: boolean }> {
  const { transaction, returnTo } = await takeTransaction(party, request, reply)
  const query = request.query as CallbackQuery
  const refusal = providerRefusal(query)
  if (refusal !== undefined) throw refusal
  const answer = authorizationAnswer(query, await party.provider.metadata())
  // A revocation ends sessions that began before it. One that arrives while Auth0 answers must end this login, too.
  const beganAt = party.now()
  const tokens = await exchangeCode(party, transaction, answer)
  const claims = tokens.claims()
  if (claims !== undefined && !isSubject(claims.sub)) {
    throw new GatewayError('STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED', { reason: 'subject' })
  }
  // OIDC Core §3.1.3.7 item 5, checked even if there is only one audience.
  if (claims?.azp !== undefined && claims.azp !== party.clientId) {
    throw new GatewayError('STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED', { reason: 'authorized-party' })
  }
  if (!isAccessTokenNamed(claims?.['at_hash'], tokens.id_token ?? '', tokens.access_token)) {
    throw new GatewayError('STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED', { reason: 'at-hash' })
  }
  if (claims === undefined || !isLoginForOrganization(transaction.organization, claims)) {
    throw new GatewayError('STAGEDOOR_OIDC_ORGANIZATION_MISMATCH')
  }
  const session = newSession(tokens, party.randomBytes(16).toString('base64url'), party.claimNames, beganAt)
  if (transaction.secondFactor !== undefined && !provesSecondFactor(session, transaction.secondFactor, party.now())) {
    throw new GatewayError('STAGEDOOR_OIDC_STEP_UP_FAILED', { reason: 'no-second-factor' })
  }
  session.device = deviceOf(request.headers['user-agent'])
  session.address = request.facts.clientIp
  const marker = markerAtEnd(party.markers.read(request), request.session !== undefined, party.now())
  await request.server.sessions.replace(request, reply, session)
  party.markers.write(reply, marker)
  reply.header('cache-control', 'no-store').redirect(returnTo, 302)
  return { session, isStepUp: transaction.secondFactor !== undefined }
}

/** Reads the login that `state` names and marks it as used: it cannot be finished again. */
async function takeTransaction(
  { transactions, used, now }: RelyingParty,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<{ transaction: Transaction; returnTo: string }> {
  const { state } = request.query as CallbackQuery
  const named = typeof state === 'string' ? await transactions.openState(state) : undefined
  if (named === undefined) throw new GatewayError('STAGEDOOR_OIDC_STATE_MISMATCH', { reason: 'not-our-state' })
  const { slot, id, returnTo } = named
  const transaction = await transactions.read(request, slot)
  if (transaction?.id !== id) {
    // Only `used` distinguishes a login that was finished from one whose slot the login of another tab has taken.
    const reason = !(await used.claim(id)) ? 'used-before' : transaction === undefined ? 'no-cookie' : 'slot-taken'
    throw new StrayCallback('STAGEDOOR_OIDC_TRANSACTION_MISSING', reason, returnTo)
  }
  transactions.clear(reply, slot)
  if (isExpired(transaction, now())) throw new StrayCallback('STAGEDOOR_OIDC_TRANSACTION_EXPIRED', undefined, returnTo)
  if (!(await used.claim(id))) throw new StrayCallback('STAGEDOOR_OIDC_TRANSACTION_MISSING', 'used-before', returnTo)
  return { transaction, returnTo }
}

/**
 * The callback's parameters for openid-client: `state`, one `code`, and `iss` if there is one (RFC 9207). The browser can send
 * anything, so an error here is not reported as the provider's.
 */
function authorizationAnswer(query: CallbackQuery, metadata: ServerMetadata): URLSearchParams {
  const { state, code, iss } = query
  if (typeof code !== 'string' || code === '') throw badCallback('code')
  const isIssuerDue = metadata.authorization_response_iss_parameter_supported === true
  if (iss === undefined ? isIssuerDue : iss !== metadata.issuer) throw badCallback('iss')
  return new URLSearchParams({ state: String(state), code, ...(iss !== undefined && { iss: String(iss) }) })
}

function badCallback(reason: string): GatewayError {
  return new GatewayError('STAGEDOOR_OIDC_BAD_CALLBACK', { reason })
}

async function exchangeCode(party: RelyingParty, transaction: Transaction, answer: URLSearchParams): Promise<Tokens> {
  const maxAge = transaction.secondFactor && maxAgeSecondsOf(transaction.secondFactor)
  const checks = {
    expectedState: String(answer.get('state')),
    expectedNonce: transaction.nonce,
    pkceCodeVerifier: transaction.codeVerifier,
    idTokenExpected: true,
    ...(maxAge !== undefined && { maxAge }),
  }
  const currentUrl = new URL(`${party.redirectUri}?${answer.toString()}`)
  try {
    return await party.provider.call((configuration) => authorizationCodeGrant(configuration, currentUrl, checks))
  } catch (error) {
    if (error instanceof GatewayError) throw error
    if (maxAge !== undefined && isAuthTimeRefused(error)) {
      throw new GatewayError('STAGEDOOR_OIDC_STEP_UP_FAILED', { reason: 'too-long-ago', cause: error })
    }
    throw new GatewayError('STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED', { cause: error })
  }
}
