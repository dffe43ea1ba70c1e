import { GatewayError } from '../errors/gateway-error.ts'
import type { Once } from '../revocation/once.ts'
import type { Revocations } from '../revocation/revocations.ts'
import { type Auth0Event, revocationsFor } from './event.ts'

/** `ignored`: nothing of ours; `repeated`: handled before. */
export type EventOutcome = 'revoked' | 'ignored' | 'repeated'

/**
 * Handles one event, from the webhook or the stream. Resolves when every replica can learn of its revocations.
 * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE when other replicas could not be informed: the sender should retry
 */
export type TakeEvent = (event: Auth0Event) => Promise<EventOutcome>

export type EventParty = {
  issuer: string
  revocations: Pick<Revocations, 'revoke'>
  once: Once
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Longer than Auth0 redelivers. */
const rememberedMs = 24 * 3_600_000

export function createTakeEvent({ issuer, revocations, once, now }: EventParty): TakeEvent {
  return async (event) => {
    const revoked = revocationsFor(event, issuer, now())
    if (revoked.length === 0) return 'ignored'
    const name = `event ${event.id}`
    try {
      if (!(await once.claim(name, rememberedMs))) return 'repeated'
      await revocations.revoke(...revoked)
      return 'revoked'
    } catch (cause) {
      await revocations.revoke(...revoked).catch(() => undefined)
      await once.release(name)
      throw new GatewayError('STAGEDOOR_SESSION_STORE_UNAVAILABLE', { cause, headers: { 'retry-after': '5' } })
    }
  }
}
