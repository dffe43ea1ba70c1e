// This folder: `stagedoor rotate`, which replaces a secret everywhere while the gateway serves.

import type { SendJson } from '../json-client.ts'
import type { Expect } from '../management-api.ts'
import { CommandFailed } from '../run-action.ts'
import { probeSecret } from '../secret-probe.ts'
import { type Patience, settles } from './settles.ts'
import type { RotationKind } from './step-order.ts'

export type Auth0Application = {
  /** Ends in a slash. */
  issuer: string
  clientId: string
  /** Calls the Management API. */
  expect: Expect
  send: SendJson
  settleMs: number
  patience: Patience
}

/**
 * Checks which secrets Auth0 accepts, and waits until it accepts the expected ones.
 * The functions throw CommandFailed when Auth0 does not.
 */
export function acceptanceBy({ settleMs, patience, send, issuer, clientId }: Auth0Application, kind: RotationKind) {
  const verdictOn = async (secret: string) => (await probeSecret({ issuer, clientId, kind }, secret, send)).verdict
  /** No answer counts as `unclear`, like an outage, so that the check is repeated. */
  const verdictNow = (secret: string) =>
    verdictOn(secret).catch((error: unknown) => {
      if (error instanceof CommandFailed) return 'unclear'
      throw error
    })
  const isAccepted = async (secret: string) => (await verdictNow(secret)) === 'accepted'

  async function mustWork(secret: string): Promise<void> {
    const verdict = await verdictOn(secret)
    if (verdict === 'accepted') return
    const what = verdict === 'refused' ? 'refuses the current secret' : 'gives no clear answer on the current secret'
    throw new CommandFailed(`Auth0 ${what}: nothing was changed. Run \`stagedoor doctor\` to find the cause`)
  }

  async function mustBeAccepted(secret: string): Promise<void> {
    if (await settles(() => isAccepted(secret), settleMs, patience)) return
    throw new CommandFailed(
      'Auth0 does not accept the new key, or does not answer: check the Credentials of the application in Auth0',
    )
  }

  async function mustTakeOver(good: string, bad: string): Promise<void> {
    const hasChanged = async () => (await isAccepted(good)) && (good === bad || (await verdictNow(bad)) === 'refused')
    if (await settles(hasChanged, settleMs, patience)) return
    throw new CommandFailed(
      'Auth0 did not settle within --limit: it still refuses the secret that should work, accepts the other one, or does not answer',
    )
  }

  return { mustWork, mustBeAccepted, mustTakeOver }
}
