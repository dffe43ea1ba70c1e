import type { SecondFactor } from './second-factor.ts'

/** A post-login Action in Auth0 requires the second factor for this value (OpenID PAPE 1.0 §4). */
export const multiFactorAcr = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

/** Parameters for `/authorize` that ask for a second factor (OIDC Core §3.1.2.1). */
export function stepUpParameters(secondFactor: SecondFactor | undefined): { acr_values?: string; max_age?: string } {
  if (secondFactor === undefined) return {}
  const maxAge = maxAgeSecondsOf(secondFactor)
  return { acr_values: multiFactorAcr, ...(maxAge !== undefined && { max_age: String(maxAge) }) }
}

export function maxAgeSecondsOf({ withinMs }: SecondFactor): number | undefined {
  return withinMs === undefined ? undefined : Math.floor(withinMs / 1000)
}

/** The destination of a `return_to`: a page or, through our step-up endpoint, any request that needs a second factor. */
type Destination = { path: string; methods: readonly string[] }

const anyMethod = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** @param returnTo a path on our own origin, from safeReturnTo() */
export function destinationOf(returnTo: string, baseUrl: string, prefix: string): Destination {
  const { pathname, searchParams } = new URL(returnTo, baseUrl)
  if (pathname !== `${prefix}/step-up`) return { path: pathname, methods: ['GET'] }
  return { path: searchParams.get('for') ?? '/', methods: anyMethod }
}

/** The URL that asks for the second factor which a script's request needs, and then redirects to `page`. */
export function stepUpPath(prefix: string, path: string, page = '/'): string {
  return `${prefix}/step-up?for=${encodeURIComponent(path)}&return_to=${encodeURIComponent(page)}`
}
