import { fetchManagementToken, tokenRefusalIn } from '../../oidc/client-credentials.ts'
import { createSendJson, type JsonAnswer, retryingFetch } from '../json-client.ts'
import { CommandFailed } from '../run-action.ts'

/** How to ask Auth0's Management API: with a token, or with an application that gets one. */
export type ManagementAccess = { token: string } | { clientId: string; clientSecret: string; audience?: string }

/** The calls to the Management API that rotations make. */
export type Management = {
  setClientSecret(clientId: string, secret: string): Promise<void>
  addCredential(clientId: string, pem: string, name: string): Promise<string>
  credentials(clientId: string): Promise<{ id: string; name: string }[]>
  /** Which credentials may sign for the application. */
  setCredentials(clientId: string, ids: readonly string[]): Promise<void>
  deleteCredential(clientId: string, id: string): Promise<void>
}

/** All tries together. */
const tokenTimeoutMs = 180_000

/** One call of the Management API: its answer, when it has one of the statuses. @throws CommandFailed */
export type Expect = (
  statuses: readonly number[],
  method: string,
  path: string,
  body?: object,
) => Promise<Record<string, unknown>>

/** @param issuer ends in a slash */
export function createExpect(issuer: string, access: ManagementAccess, fetch: typeof globalThis.fetch): Expect {
  const send = createSendJson(fetch)
  let token: Promise<string> | undefined

  async function call(method: string, path: string, body?: object): Promise<JsonAnswer> {
    token ??= 'token' in access ? Promise.resolve(access.token) : tokenFor(issuer, access, fetch)
    const headers = { authorization: `Bearer ${await token}` }
    return send(`${issuer}api/v2/${path}`, { method, headers, body })
  }

  return async (statuses, method, path, body) => {
    const answer = await call(method, path, body)
    if (statuses.includes(answer.status)) return answer.body
    throw new CommandFailed(`Auth0’s Management API refuses ${method} ${path.split('?', 1)[0]}: ${textOf(answer)}`)
  }
}

/** @param issuer ends in a slash */
export function createManagement(issuer: string, access: ManagementAccess, fetch: typeof globalThis.fetch): Management {
  const expect = createExpect(issuer, access, fetch)

  const clientPath = (clientId: string) => `clients/${encodeURIComponent(clientId)}`
  return {
    setClientSecret: async (clientId, secret) =>
      void (await expect([200], 'PATCH', clientPath(clientId), { client_secret: secret })),
    async addCredential(clientId, pem, name) {
      const body = { credential_type: 'public_key', name, pem, alg: 'RS256' }
      const { id } = await expect([201], 'POST', `${clientPath(clientId)}/credentials`, body)
      return String(id)
    },
    async credentials(clientId) {
      const list = await expect([200], 'GET', `${clientPath(clientId)}/credentials`)
      return Object.values(list) as { id: string; name: string }[]
    },
    async setCredentials(clientId, ids) {
      const credentials = ids.map((id) => ({ id }))
      const body = { client_authentication_methods: { private_key_jwt: { credentials } } }
      await expect([200], 'PATCH', clientPath(clientId), body)
    },
    deleteCredential: async (clientId, id) =>
      void (await expect([204, 404], 'DELETE', `${clientPath(clientId)}/credentials/${encodeURIComponent(id)}`)),
  }
}

async function tokenFor(
  issuer: string,
  application: Exclude<ManagementAccess, { token: string }>,
  fetch: typeof globalThis.fetch,
): Promise<string> {
  const options = { fetch: retryingFetch(fetch) as never, timeoutMs: tokenTimeoutMs }
  const { token } = await fetchManagementToken({ issuer, ...application }, options).catch((cause: unknown) => {
    if (cause instanceof Error && cause.cause instanceof CommandFailed) throw cause.cause
    const { status, error, description } = tokenRefusalIn(cause) ?? { status: 'no answer that can be used' }
    throw new CommandFailed(`no token for the Management API: ${description || error || ''} (${status})`, { cause })
  })
  return token
}

function textOf({ status, body }: JsonAnswer): string {
  const text = body['message'] ?? body['error_description'] ?? body['error']
  return typeof text === 'string' ? `${text} (${status})` : String(status)
}
