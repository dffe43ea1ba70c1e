import { row } from '../row.ts'

export const sessionErrors = {
  STAGEDOOR_SESSION_STORE_UNAVAILABLE: row(
    503,
    'error',
    'Your session cannot be looked up right now. You are still signed in.',
    'Try again in a moment. Operators: check the session store (session.redis).',
  ),
  STAGEDOOR_SESSION_COOKIE_TOO_LARGE: row(
    500,
    'error',
    'Your session is too large for a cookie.',
    'Operators: set session.store to redis, or have the Auth0 Action send fewer groups.',
  ),
  STAGEDOOR_SESSION_REQUIRED: row(401, 'info', 'You are not signed in.', 'Sign in, then try again.'),
  STAGEDOOR_SESSION_CROSS_SITE: row(
    403,
    'warn',
    'This action has to be started from a page of this portal.',
    'Open the portal and try from there. Operators: session.otherOrigins says what other origins may do.',
  ),
}
