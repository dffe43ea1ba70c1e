import type { SessionGuard } from './session-guard.ts'
import { SessionOverError } from './session-over-error.ts'

type Authorize<Request, Response> = (request: Request) => Promise<Response>

/**
 * Backstage's permission client does not use the fetch API, so that it needs a guard of its own: a session that ended is
 * no denial.
 */
export function guardAuthorize<Request, Response>(
  authorize: Authorize<Request, Response>,
  guard: Pick<SessionGuard, 'pass' | 'settle'>,
): Authorize<Request, Response> {
  return async (request) => {
    if ((await guard.pass()) === 'give-up') throw new SessionOverError()
    try {
      return await authorize(request)
    } catch (error) {
      if (!isUnauthorized(error)) throw error
      if ((await guard.settle({ kind: 'session-over' })) === 'give-up') throw error
      return authorize(request)
    }
  }
}

/** `ResponseError` of `@backstage/errors`; by shape, because there may be several copies of that package. */
function isUnauthorized(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === 401
}
