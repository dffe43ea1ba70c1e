import { row } from './row.ts'

export const oidcErrors = {
  STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS: row(
    429,
    'warn',
    'Too many sign-ins from your network have failed.',
    'Wait a moment, then start again from the portal.',
  ),
  STAGEDOOR_OIDC_UNAVAILABLE: row(
    503,
    'error',
    'Signing in is not possible right now, because the login service does not answer.',
    'Try again in a few minutes. Existing sessions keep working.',
  ),
  STAGEDOOR_OIDC_NOT_A_NAVIGATION: row(
    400,
    'info',
    'Signing in has to be opened as a page.',
    'Open this address in the browser itself, not from a script.',
  ),
  STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER: row(
    400,
    'info',
    'The login link has a parameter that is not right.',
    'Ask for a new link, or start again from the portal’s front page.',
  ),
  STAGEDOOR_OIDC_TRANSACTION_MISSING: row(
    400,
    'info',
    'This sign-in was not started in this browser, or was finished already.',
    'Start again from the portal. Allow cookies for this site, and do not bookmark the login page.',
  ),
  STAGEDOOR_OIDC_TRANSACTION_EXPIRED: row(
    400,
    'info',
    'This sign-in took too long and was dropped for safety.',
    'Start again from the portal.',
  ),
  STAGEDOOR_OIDC_STATE_MISMATCH: row(
    400,
    'warn',
    'The answer of the login service does not belong to this sign-in.',
    'Start again from the portal.',
  ),
  STAGEDOOR_OIDC_BAD_CALLBACK: row(
    400,
    'info',
    'The address that your browser brought back from the login service is not complete.',
    'Start again from the portal.',
  ),
  STAGEDOOR_OIDC_PROVIDER_REFUSED: row(
    403,
    'info',
    'The login service did not let you in.',
    'Try again, or ask the owners of the portal if you should have access.',
  ),
  STAGEDOOR_OIDC_CLIENT_REJECTED: row(
    502,
    'error',
    'The login service does not accept this portal’s own credentials.',
    'Operators: compare auth0.clientId and auth0.clientSecrets with Applications → <app> → Settings in Auth0.',
  ),
  STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED: row(
    502,
    'error',
    'The login service did not take this portal’s request to sign you in.',
    'Start again from the portal. Operators: the log line says what Auth0 answered at /oauth/par; see auth0.pushedAuthorization.',
  ),
  STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED: row(
    502,
    'error',
    'The login service’s answer could not be verified.',
    'Start again from the portal. Operators: the log line with this request id names the check that failed.',
  ),
  STAGEDOOR_OIDC_ORGANIZATION_MISMATCH: row(
    403,
    'warn',
    'You signed in for another organization than the one that was asked for.',
    'Sign in again and choose the right organization.',
  ),
  STAGEDOOR_OIDC_STEP_UP_FAILED: row(
    403,
    'warn',
    'The login service did not confirm a second factor.',
    'Try again and confirm with your second factor. Operators: a post-login Action has to act on acr_values.',
  ),
  STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED: row(
    400,
    'warn',
    'This is not a logout token for this portal, or it was used before.',
    'Operators: the reason says which check failed; compare the issuer and client id in Auth0 with the configuration.',
  ),
  STAGEDOOR_OIDC_SESSION_NOT_KEPT: row(
    400,
    'warn',
    'You signed in, but your browser did not keep the session.',
    'Allow cookies for this site and try again. Operators: see “Signing in over and over” in docs/sessions.md.',
  ),
}

export const eventsErrors = {
  STAGEDOOR_EVENTS_UNAUTHENTICATED: row(
    401,
    'warn',
    'Events are accepted from Auth0 only.',
    'Operators: give the event stream in Auth0 one of the tokens in auth0.events.webhook.tokens.',
  ),
  STAGEDOOR_EVENTS_FOREIGN: row(
    403,
    'warn',
    'This event is of another tenant or stream than the one that is expected here.',
    'Operators: compare auth0.events.webhook.tenant and .stream with the event stream in Auth0; the log line says what came.',
  ),
  STAGEDOOR_EVENTS_MALFORMED: row(
    400,
    'warn',
    'This is not an event as Auth0 sends them.',
    'Send one CloudEvent with id, type, time and data as JSON.',
  ),
}

export const othersErrors = {
  STAGEDOOR_IDENTITY_TWO_CREDENTIALS: row(
    400,
    'info',
    'The request brings a session and an access token, which may be two different callers.',
    'Send one of the two: the cookie of a browser, or the access token of a machine.',
  ),
  STAGEDOOR_ACCOUNT_BAD_REQUEST: row(
    400,
    'info',
    'That session is not among your other sessions.',
    'Open your account page again: the session may have ended already.',
  ),
  STAGEDOOR_ADMIN_BAD_REQUEST: row(
    400,
    'info',
    'The request to the admin API is not complete.',
    'Name exactly one of session, subject or sid, as the documentation shows.',
  ),
  STAGEDOOR_ADMIN_TRAIL_UNREADABLE: row(
    503,
    'error',
    'The audit trail cannot be read.',
    'The detail names the file and why: let the user that runs stagedoor read it, or put the file back. Records are written all the same; readiness says when they are not.',
  ),
  STAGEDOOR_ADMIN_KEYS_NOT_KEPT: row(
    503,
    'error',
    'The next key could not be kept, so the present one goes on signing.',
    'The log says why, for example a full disk or Redis out of reach. Mend that, then ask again.',
  ),
  STAGEDOOR_ASSERTION_UNAVAILABLE: row(
    503,
    'error',
    'Your identity could not be signed for the service behind the portal.',
    'Try again in a moment. Operators: check assertion.keys.',
  ),
  STAGEDOOR_AUDIT_UNAVAILABLE: row(
    503,
    'error',
    'This action has to be recorded, and just now it cannot be.',
    'Try again in a moment; nothing was done. Operators: readiness names the sink of audit.sinks that fails.',
  ),
  STAGEDOOR_INTERNAL: row(
    500,
    'error',
    'Something went wrong inside Stagedoor.',
    'Try again. If it stays, tell the owners of the portal the request id.',
  ),
}
