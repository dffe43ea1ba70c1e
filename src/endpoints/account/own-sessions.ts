import { GatewayError, storeUnavailable } from '../../errors/gateway-error.ts'
import type { Revocations } from '../../revocation/revocations.ts'
import type { SeenSession, SeenSessions } from '../../revocation/seen-sessions.ts'
import type { Session } from '../../session/session.ts'

export type OwnSessions = { seen: Pick<SeenSessions, 'list'>; revocations: Pick<Revocations, 'revoke'> }

/** Lists a person's own sessions, and ends sessions other than the one that sends the request. */
export function ownSessions({ seen, revocations }: OwnSessions) {
  const list = ({ issuer, subject }: Session): SeenSession[] =>
    seen.list({ subject }).filter((each) => each.issuer === issuer)

  return {
    list,

    /**
     * Ends the session that the form names, or all but this one.
     * @returns how many have ended
     * @param onUnshared called when they have ended in this process only
     * @throws STAGEDOOR_ACCOUNT_BAD_REQUEST when the form names none of the person's other sessions
     * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE when other replicas could not be notified yet
     */
    async end(
      session: Session,
      form: unknown,
      onUnshared: (error: GatewayError) => void = () => undefined,
    ): Promise<number> {
      const others = list(session).filter(({ id }) => id !== session.id)
      const fields = (form ?? {}) as Readonly<Record<string, unknown>>
      const isForOthers = fields['others'] === 'true'
      const chosen = isForOthers ? others : others.filter(({ id }) => id === fields['session'])
      if (chosen.length === 0 && !isForOthers) throw new GatewayError('STAGEDOOR_ACCOUNT_BAD_REQUEST')
      try {
        await revocations.revoke(...chosen.map(({ id }) => ({ sessionId: id })))
      } catch (cause) {
        const error = storeUnavailable(cause)
        onUnshared(error)
        throw error
      }
      return chosen.length
    },
  }
}
