import { readChallenge } from './challenge.ts'
import { type FetchInput, type FetchParameters, replayOf } from './replay.ts'
import type { SessionGuard } from './session-guard.ts'
import { SessionOverError } from './session-over-error.ts'

type Fetch = typeof fetch

/** A session that ended, then a step-up; whatever asks more often than that will not be satisfied by asking again. */
const maxRounds = 2

/**
 * Middleware for Backstage's fetch API: a call that Stagedoor stops waits for the person and is then sent again, if its
 * body can be. A call that comes while the session is over is not sent before the person has signed in.
 *
 * @param isGuarded - whether a URL goes through Stagedoor
 */
export function createFetchGuard(
  guard: Pick<SessionGuard, 'pass' | 'settle'>,
  isGuarded: (url: string) => boolean,
): { apply(next: Fetch): Fetch } {
  return {
    apply: (next) => async (input, init) => {
      if (!isGuarded(urlOf(input))) return next(input, init)
      const replay = replayOf(input, init)
      for (let round = 0; round < maxRounds; round += 1) {
        const response = await send()
        const challenge = await readChallenge(response)
        if (challenge === undefined) return response
        if ((await guard.settle(challenge)) === 'give-up' || replay === undefined) return response
      }
      return send()

      async function send(): Promise<Response> {
        if ((await guard.pass()) === 'give-up') throw new SessionOverError()
        const [sentInput, sentInit]: FetchParameters = replay?.() ?? [input, init]
        return next(sentInput, sentInit)
      }
    },
  }
}

function urlOf(input: FetchInput): string {
  return input instanceof Request ? input.url : String(input)
}
