import { createPublicKey, hash, randomUUID } from 'node:crypto'

import type { LocalClient, LocalCredential } from '../model.ts'
import type { Tenant } from '../tenant.ts'
import { notFound, ok, problem, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'

/** How many keys an application may have, and how many of them may sign. */
const maxHeld = 4
const maxEnabled = 2

/** The keys of an application. Those enabled for Private Key JWT may sign. */
export function credentialResources(tenant: Tenant): Resource[] {
  const withClient = (call: Call, answer: (client: LocalClient) => Answer): Answer => {
    const client = tenant.clients.find(({ clientId }) => clientId === call.parameters[0])
    return client ? answer(client) : notFound('The client does not exist')
  }
  return [
    read('clients/*/credentials', ['read:client_credentials'], (call) =>
      withClient(call, ({ credentials = [] }) => ok(credentials.map(shape))),
    ),
    {
      method: 'POST',
      path: 'clients/*/credentials',
      scopes: ['create:client_credentials'],
      answer: (call) => withClient(call, (client) => add(client, call.body)),
    },
    {
      method: 'DELETE',
      path: 'clients/*/credentials/*',
      scopes: ['delete:client_credentials'],
      answer: (call) => withClient(call, (client) => remove(client, call.parameters[1])),
    },
  ]
}

/**
 * `client_authentication_methods` of `PATCH /clients/{id}`: which of the keys may be used. Null switches back to the secret.
 * @returns a refusal, or nothing when the change was made
 */
export function changeCredentials(client: LocalClient, methods: unknown, { scopes }: Call): Answer | undefined {
  if (methods === undefined) return undefined
  if (!scopes.includes('update:client_credentials')) {
    return problem(403, 'Forbidden', 'Insufficient scope, expected any of: update:client_credentials')
  }
  const { private_key_jwt } = (methods ?? {}) as { private_key_jwt?: { credentials?: { id: string }[] } }
  const ids = (private_key_jwt?.credentials ?? []).map(({ id }) => id)
  if (ids.length > maxEnabled) {
    return problem(400, 'Bad Request', `Payload validation error: 'Array is too long (${ids.length}), maximum 2'`)
  }
  if (!ids.every((id) => client.credentials?.some((credential) => credential.id === id))) {
    return problem(400, 'Bad Request', 'The credential does not exist')
  }
  client.activeCredentials = ids
  return undefined
}

function add(client: LocalClient, body: unknown): Answer {
  const { name, pem, expires_at } = (body ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || typeof pem !== 'string' || !isPublicKey(pem)) {
    return problem(400, 'Bad Request', 'Payload validation error')
  }
  client.credentials ??= []
  if (client.credentials.length === maxHeld) {
    return problem(400, 'Bad Request', 'A client can have a maximum of 4 credentials.')
  }
  if (client.credentials.some((other) => keyIdOf(other.pem) === keyIdOf(pem))) {
    return problem(400, 'Bad Request', 'credentials contains public keys that already exist in client')
  }
  const createdAt = new Date().toISOString()
  const credential: LocalCredential = { id: `cred_${randomUUID()}`, name, pem, createdAt }
  if (typeof expires_at === 'string') credential.expiresAt = expires_at
  client.credentials.push(credential)
  return { status: 201, body: shape(credential) }
}

function remove(client: LocalClient, id: string | undefined): Answer {
  if (client.activeCredentials?.includes(id ?? '')) {
    return problem(400, 'Bad Request', 'Cannot delete credential still associated with a client')
  }
  const left = client.credentials?.filter((credential) => credential.id !== id) ?? []
  if (left.length === client.credentials?.length) return notFound('The credential does not exist')
  client.credentials = left
  return { status: 204, body: undefined }
}

function shape({ id, name, pem, createdAt, expiresAt }: LocalCredential): Record<string, unknown> {
  const expiry = expiresAt === undefined ? {} : { expires_at: expiresAt }
  const created_at = createdAt ?? new Date().toISOString()
  return { id, name, kid: keyIdOf(pem), credential_type: 'public_key', alg: 'RS256', created_at, ...expiry }
}

/** RFC 7638, of an RSA key. */
function keyIdOf(pem: string): string {
  const { e, kty, n } = createPublicKey(pem).export({ format: 'jwk' })
  return hash('sha256', JSON.stringify({ e, kty, n }), 'base64url')
}

function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).type === 'public'
  } catch {
    return false
  }
}
