import { counted } from '../../config/values/quantities.ts'
import type { Check } from './check.ts'

/** Runs last, because it counts the 429 answers that the other checks received. */
export const rateLimitCheck: Check = {
  id: 'auth0-rate-limit',
  title: 'Auth0’s rate limit refused no request of the doctor',
  severity: 'warning',
  meaning:
    'The tenant’s rate limit is used up: some logins and refreshes fail. A Free tenant has 300 requests a minute.',
  fix: 'Auth0 → Monitoring → Logs, type api_limit. Lengthen session.refreshEvery, and have machines use a token until it expires.',
  run: async ({ limited }) => (limited() === 0 ? undefined : `Auth0 answered 429 ${counted(limited(), 'time')}`),
}
