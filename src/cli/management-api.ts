import { fetchManagementToken, tokenRefusalIn } from '../oidc/client-credentials-grant.ts'
import { required } from './from-environment.ts'
import { createSendJson, type JsonAnswer, retryingFetch } from './json-client.ts'
import { CommandFailed } from './run-action.ts'

/** Calls Auth0's Management API. @returns the answer's body @throws CommandFailed for a status that is not expected */
export type Expect = (
  statuses: readonly number[],
  method: string,
  path: string,
  body?: object,
) => Promise<Record<string, unknown>>

/** Help text for commands that use the Management API. */
export const managementHelp = `
Auth0’s Management API is asked with the token in STAGEDOOR_MANAGEMENT_TOKEN, or as the application of
STAGEDOOR_MANAGEMENT_CLIENT_ID and STAGEDOOR_MANAGEMENT_CLIENT_SECRET (behind a custom domain: STAGEDOOR_MANAGEMENT_AUDIENCE).`

/** The time limit for all attempts together. */
const tokenTimeoutMs = 180_000

/** @param issuer ends in a slash @throws CommandFailed when the environment has no token and no credentials */
export function createExpect(issuer: string, env: NodeJS.ProcessEnv, fetch: typeof globalThis.fetch): Expect {
  const send = createSendJson(fetch)
  const getToken = tokenSource(issuer, env, fetch)
  let token: Promise<string> | undefined
  return async (statuses, method, path, body) => {
    // After a failure, the next call requests a token again, because that call may be the one that reverts a rotation.
    token ??= getToken().catch((error: unknown) => {
      token = undefined
      throw error
    })
    const headers = { authorization: `Bearer ${await token}` }
    const answer = await send(`${issuer}api/v2/${path}`, { method, headers, body })
    if (statuses.includes(answer.status)) return answer.body
    throw new CommandFailed(`Auth0’s Management API refuses ${method} ${path.split('?', 1)[0]}: ${textOf(answer)}`)
  }
}

/** Returns the given token, or fetches one with the credentials of an application. */
function tokenSource(issuer: string, env: NodeJS.ProcessEnv, fetch: typeof globalThis.fetch): () => Promise<string> {
  const given = env['STAGEDOOR_MANAGEMENT_TOKEN']
  if (given) return async () => given
  const application = required({
    clientId: [
      env['STAGEDOOR_MANAGEMENT_CLIENT_ID'],
      'STAGEDOOR_MANAGEMENT_CLIENT_ID (or a token in STAGEDOOR_MANAGEMENT_TOKEN)',
    ],
    clientSecret: [env['STAGEDOOR_MANAGEMENT_CLIENT_SECRET'], 'STAGEDOOR_MANAGEMENT_CLIENT_SECRET'],
  })
  const audience = env['STAGEDOOR_MANAGEMENT_AUDIENCE'] || undefined
  const options = { fetch: retryingFetch(fetch) as never, timeoutMs: tokenTimeoutMs }
  return () =>
    fetchManagementToken({ issuer, ...application, audience }, options).then(
      ({ token }) => token,
      (cause: unknown) => {
        if (cause instanceof Error && cause.cause instanceof CommandFailed) throw cause.cause
        const { status, error, description } = tokenRefusalIn(cause) ?? { status: 'no usable answer' }
        throw new CommandFailed(`no token for the Management API: ${description || error || ''} (${status})`, { cause })
      },
    )
}

function textOf({ status, body }: JsonAnswer): string {
  const text = body['message'] ?? body['error_description'] ?? body['error']
  return typeof text === 'string' ? `${text} (${status})` : String(status)
}
