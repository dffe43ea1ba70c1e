import { withSlash } from '../config/values/addresses.ts'
import { GatewayError } from '../errors/gateway-error.ts'

const names = [
  'return_to',
  'organization',
  'invitation',
  'organization_name',
  'connection',
  'login_hint',
  'iss',
] as const

/** The parameters that a login link may have; all others are ignored. */
export type LoginParameters = Partial<Record<(typeof names)[number], string>>

const maxLength = 2_048

/**
 * Reads a login link's query. Refuses a parameter that is given twice or is too long.
 * @throws STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER
 */
export function readLoginParameters(query: unknown, issuer: string): LoginParameters {
  const source = query as Readonly<Record<string, unknown>>
  const parameters: LoginParameters = {}
  for (const name of names) {
    const value = source[name]
    if (value === undefined || value === '') continue
    if (typeof value !== 'string') throw badParameter(`${name} is given more than once`)
    if (value.length > maxLength) throw badParameter(`${name} is longer than ${maxLength} characters`)
    parameters[name] = value
  }
  // OIDC Core §4: a third party may start a login, but only at the configured provider.
  if (parameters.iss !== undefined && withSlash(parameters.iss) !== withSlash(issuer)) {
    throw badParameter('iss is not the provider of this portal')
  }
  if (parameters.invitation !== undefined && parameters.organization === undefined) {
    throw badParameter('invitation needs the organization that it is for')
  }
  return parameters
}

export function badParameter(detail: string): GatewayError {
  return new GatewayError('STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER', { publicDetail: detail })
}
