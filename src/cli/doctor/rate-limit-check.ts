import { counted } from '../../config/values/quantities.ts'
import type { Check } from './check.ts'

/** Runs last, because it counts the 429 answers that the other checks received. */
export const rateLimitCheck: Check = {
  id: 'auth0-rate-limit',
  title: 'Auth0 did not refuse requests for their number',
  severity: 'warning',
  meaning: 'The tenant’s allowance is used up: logins and refreshes fail now and then. A Free tenant has 300 a minute.',
  fix: 'Auth0 → Monitoring → Logs, type api_limit. Lengthen session.refreshEvery, and keep machines’ tokens.',
  run: async ({ limited }) => (limited() === 0 ? undefined : `Auth0 answered 429 ${counted(limited(), 'time')}`),
}
