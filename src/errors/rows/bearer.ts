import { row } from '../row.ts'

export const bearerErrors = {
  STAGEDOOR_BEARER_REFUSED: row(
    401,
    'info',
    'The access token was not accepted.',
    'See the reason; `stagedoor token verify` explains what mends it.',
  ),
  STAGEDOOR_BEARER_KEYS_UNAVAILABLE: row(
    503,
    'error',
    'Access tokens cannot be verified right now.',
    'Keep the token and try again in a moment. Operators: the issuer’s keys cannot be fetched, see the readiness probe.',
  ),
  STAGEDOOR_BEARER_TOO_MANY_ATTEMPTS: row(
    429,
    'warn',
    'Too many access tokens were refused.',
    'Wait as long as Retry-After says. A good token is still taken.',
  ),
}
