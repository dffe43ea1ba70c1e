import type { Ask, Answer } from '../ask.ts'
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

/** One call of the Management API: its answer, when it has one of the statuses. @throws CommandFailed */
export type Expect = (
  statuses: readonly number[],
  method: string,
  path: string,
  body?: object,
) => Promise<Record<string, unknown>>

/** @param issuer ends in a slash */
export function createExpect(issuer: string, access: ManagementAccess, ask: Ask): Expect {
  let token: Promise<string> | undefined

  async function call(method: string, path: string, body?: object): Promise<Answer> {
    token ??= 'token' in access ? Promise.resolve(access.token) : requestToken(issuer, access, ask)
    const headers = { authorization: `Bearer ${await token}` }
    return ask(`${issuer}api/v2/${path}`, { method, headers, body })
  }

  return async (statuses, method, path, body) => {
    const answer = await call(method, path, body)
    if (statuses.includes(answer.status)) return answer.body
    throw new CommandFailed(`Auth0’s Management API refuses ${method} ${path.split('?', 1)[0]}: ${textOf(answer)}`)
  }
}

/** @param issuer ends in a slash */
export function createManagement(issuer: string, access: ManagementAccess, ask: Ask): Management {
  const expect = createExpect(issuer, access, ask)

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

/** An access token for the Management API (RFC 6749 §4.4). */
async function requestToken(
  issuer: string,
  access: Exclude<ManagementAccess, { token: string }>,
  ask: Ask,
): Promise<string> {
  const { clientId, clientSecret, audience = `${issuer}api/v2/` } = access
  const grant = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, audience }
  const answer = await ask(`${issuer}oauth/token`, { method: 'POST', form: grant })
  const { access_token: token } = answer.body
  if (answer.status === 200 && typeof token === 'string') return token
  throw new CommandFailed(`no token for the Management API: ${textOf(answer)}`)
}

function textOf({ status, body }: Answer): string {
  const text = body['message'] ?? body['error_description'] ?? body['error']
  return typeof text === 'string' ? `${text} (${status})` : String(status)
}
