import { createPublicKey, randomUUID } from 'node:crypto'

import type { LocalClient, LocalCredential } from '../model.ts'
import type { Tenant } from '../tenant.ts'
import { notFound, ok, problem, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'

const maxCredentials = 2

/** The keys of Private Key JWT: at most two an application. */
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

/** `client_authentication_methods` of `PATCH /clients/{id}`: which of the keys may be used. */
export function changeCredentials(client: LocalClient, methods: unknown): void {
  if (typeof methods !== 'object' || methods === null) return
  const { private_key_jwt } = methods as { private_key_jwt?: { credentials?: { id: string }[] } }
  client.activeCredentials = (private_key_jwt?.credentials ?? []).map(({ id }) => id)
}

function add(client: LocalClient, body: unknown): Answer {
  const { name, pem, expires_at } = (body ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || typeof pem !== 'string' || !isPublicKey(pem)) {
    return problem(400, 'Bad Request', 'Payload validation error')
  }
  client.credentials ??= []
  if (client.credentials.length === maxCredentials) {
    return problem(409, 'Conflict', 'The client has the maximum of 2 credentials')
  }
  const createdAt = new Date().toISOString()
  const credential: LocalCredential = { id: `cred_${randomUUID()}`, name, pem, createdAt }
  if (typeof expires_at === 'string') credential.expiresAt = expires_at
  client.credentials.push(credential)
  return { status: 201, body: shape(credential) }
}

function remove(client: LocalClient, id: string | undefined): Answer {
  if (client.activeCredentials?.includes(id ?? '')) {
    return problem(409, 'Conflict', 'The credential is in use by the client')
  }
  const left = client.credentials?.filter((credential) => credential.id !== id) ?? []
  if (left.length === client.credentials?.length) return notFound('The credential does not exist')
  client.credentials = left
  return { status: 204, body: undefined }
}

function shape({ id, name, createdAt, expiresAt }: LocalCredential): Record<string, unknown> {
  const expiry = expiresAt === undefined ? {} : { expires_at: expiresAt }
  const created_at = createdAt ?? new Date().toISOString()
  return { id, name, credential_type: 'public_key', alg: 'RS256', created_at, ...expiry }
}

function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).type === 'public'
  } catch {
    return false
  }
}
