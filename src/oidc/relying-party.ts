import type { Principal } from '../identity/principal.ts'
import type { Revocations } from '../revocation/revocations.ts'
import type { RandomBytes } from '../seal/random.ts'
import type { Prompt, PushedAuthorization } from './authorization-request.ts'
import type { LoginMarkers } from './login-marker.ts'
import type { ClaimNames } from './map-user-claims.ts'
import type { Provider } from './provider.ts'
import type { SecondFactor } from './second-factor.ts'
import type { TransactionCookies, UsedTransactions } from './transaction-cookies.ts'

/** What login, callback and logout need: the gateway as an OpenID relying party. */
export type RelyingParty = {
  provider: Provider
  clientId: string
  baseUrl: string
  prefix: string
  /** `<baseUrl><prefix>/callback`: must be among the Allowed Callback URLs. */
  redirectUri: string
  /** `<baseUrl><prefix>/signed-out`: must be among the Allowed Logout URLs. */
  signedOutUri: string
  scopes: readonly string[]
  audience?: string | undefined
  organization?: string | undefined
  pushedAuthorization: PushedAuthorization
  prompt?: Prompt | undefined
  claimNames: ClaimNames
  transactions: TransactionCookies
  used: UsedTransactions
  markers: LoginMarkers
  revocations: Pick<Revocations, 'revoke'>
  randomBytes: RandomBytes
  /** The second factor that this request requires, if it is all that the person lacks; undefined otherwise. */
  secondFactorFor: (
    principal: Principal,
    asked: { method: string; path: string; host: string },
  ) => SecondFactor | undefined
  /** Milliseconds since the epoch. */
  now: () => number
}
