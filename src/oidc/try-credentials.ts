import { setTimeout as delay } from 'node:timers/promises'

import { GatewayError } from '../errors/gateway-error.ts'
import { isClientRejected, outageIn } from './failures.ts'

/**
 * How often each of several credentials is tried. For up to 30 s after a secret was changed, a call to Auth0 may be checked against
 * the old secret or the new one, so that both may be refused in one round.
 */
const maxRounds = 4
const betweenRoundsMs = 250

/** The index of the credential that worked last. During a rotation the next call then does not try the old one first. */
type Preference = { preferred: number }

/**
 * Makes one call. If a credential is rejected, tries the next one, for several rounds.
 * @param all the credentials
 * @throws STAGEDOOR_OIDC_UNAVAILABLE, STAGEDOOR_OIDC_CLIENT_REJECTED; other errors unchanged
 */
export async function tryCredentials<Credential, T>(
  all: readonly Credential[],
  preference: Preference,
  use: (credential: Credential) => Promise<T>,
): Promise<T> {
  const first = preference.preferred
  const tries = all.length === 1 ? 1 : maxRounds * all.length
  let rejection: unknown
  for (let count = 0; count < tries; count += 1) {
    if (count > 0 && count % all.length === 0) await delay(betweenRoundsMs)
    const index = (first + count) % all.length
    try {
      const result = await use(all[index] as Credential)
      preference.preferred = index
      return result
    } catch (error) {
      const outage = outageIn(error)
      if (outage !== undefined) throw new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { detail: outage, cause: error })
      if (!isClientRejected(error)) throw error
      rejection = error
    }
  }
  throw new GatewayError('STAGEDOOR_OIDC_CLIENT_REJECTED', { cause: rejection })
}
