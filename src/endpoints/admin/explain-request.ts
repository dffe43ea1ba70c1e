import type { RequestFacts } from '../../boundary/facts.ts'
import { type ReadPath, readPath } from '../../boundary/request-target.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { Principal } from '../../identity/principal.ts'
import type { ClaimNames } from '../../oidc/map-user-claims.ts'
import type { Asked } from '../../policy/first-matching-rule.ts'
import { hypotheticalPrincipal } from '../../policy/hypothetical-principal.ts'

type Caller = { principal: Principal; facts: Pick<RequestFacts, 'host'> }

/**
 * Reads an administrator's question: `path`, `method` (default GET), `host` (default: that of the request), and the `claims` of
 * another user (default: the administrator).
 * @param now milliseconds since the epoch
 * @throws STAGEDOOR_POLICY_BAD_QUESTION
 */
export function readQuestion(
  source: unknown,
  caller: Caller,
  claimNames: ClaimNames,
  now: number,
): { principal: Principal; asked: Asked & Pick<ReadPath, 'oddity'> } {
  const { path, method = 'GET', host = caller.facts.host, claims } = source as Readonly<Record<string, unknown>>
  if (typeof path !== 'string') throw badQuestion('path is missing.')
  const read = readPath(path)
  if (typeof read === 'string') throw badQuestion(`path is not canonical (${read}): such requests meet no rule.`)
  if (typeof method !== 'string' || !/^[A-Z]+$/.test(method)) throw badQuestion('method is not a method.')
  if (typeof host !== 'string') throw badQuestion('host is not a text.')
  const asked = { ...read, method, host: host.toLowerCase() }
  if (claims === undefined) return { principal: caller.principal, asked }
  if (!isObject(claims)) throw badQuestion('claims are not a JSON object.')
  return { principal: hypotheticalPrincipal(claims, claimNames, now), asked }
}

function badQuestion(detail: string): GatewayError {
  return new GatewayError('STAGEDOOR_POLICY_BAD_QUESTION', { publicDetail: detail })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
