import { row } from '../row.ts'

export const policyErrors = {
  STAGEDOOR_POLICY_UNAUTHENTICATED: row(401, 'info', 'You have to sign in for this.', 'Sign in, then try again.'),
  STAGEDOOR_POLICY_FORM_NOT_SENT: row(
    401,
    'info',
    'Your session is over, and what you typed was not sent.',
    'Sign in, then send it again. Your browser’s back button may still have what you typed.',
  ),
  STAGEDOOR_POLICY_DENIED: row(
    403,
    'info',
    'You are signed in, but you may not do this.',
    'Ask the owners of the portal for access.',
  ),
  STAGEDOOR_POLICY_STEP_UP_REQUIRED: row(
    401,
    'info',
    'You have to confirm with a second factor for this.',
    'Sign in again with your second factor, then try again.',
  ),
  STAGEDOOR_POLICY_BAD_QUESTION: row(
    400,
    'info',
    'This question about the rules cannot be answered.',
    'Give a path that begins with a slash, a method in capitals, and claims as a JSON object.',
  ),
}
