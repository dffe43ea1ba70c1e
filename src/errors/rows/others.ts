import { row } from '../row.ts'

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
