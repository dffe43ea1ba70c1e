import { createPublicKey } from 'node:crypto'

import type { Adapter, AdapterPayload, ClientMetadata } from 'oidc-provider'

import type { LocalClient } from './model.ts'
import type { Tenant } from './tenant.ts'

type Stored = { payload: AdapterPayload; expiresAtMs: number }

/**
 * Where the provider keeps its models: memory, for one process.
 * Clients come from the tenant, so that a changed secret or callback holds from the next request on.
 */
export function createAdapterFactory(tenant: Tenant): (name: string) => Adapter {
  const sessionIdByUid = new Map<string, string>()
  const lastConsumedByGrant = new Map<string, string>()
  return (name) => {
    if (name === 'Client') return clientAdapter(tenant)
    return memoryAdapter(name, tenant, sessionIdByUid, lastConsumedByGrant)
  }
}

function memoryAdapter(
  name: string,
  tenant: Tenant,
  sessionIdByUid: Map<string, string>,
  lastConsumedByGrant: Map<string, string>,
): Adapter {
  const models = new Map<string, Stored>()

  const live = (id: string): AdapterPayload | undefined => {
    const stored = models.get(id)
    if (!stored) return undefined
    if (stored.expiresAtMs > Date.now()) return stored.payload
    models.delete(id)
    return undefined
  }

  return {
    async upsert(id, payload, expiresInSeconds) {
      const expiresAtMs = expiresInSeconds ? Date.now() + expiresInSeconds * 1000 : Infinity
      models.set(id, { payload, expiresAtMs })
      if (name === 'Session' && payload.uid) sessionIdByUid.set(payload.uid, id)
    },
    async find(id) {
      const payload = live(id)
      if (!payload?.consumed || name !== 'RefreshToken') return payload
      return mayOverlap(id, payload) ? { ...payload, consumed: undefined } : payload
    },
    async findByUid(uid) {
      const id = sessionIdByUid.get(uid)
      return id === undefined ? undefined : live(id)
    },
    async findByUserCode() {
      return undefined
    },
    async consume(id) {
      const payload = live(id)
      if (!payload) return
      // The overlap counts from the first use: a second one inside it must not extend it.
      payload.consumed ??= Date.now() / 1000
      if (payload.grantId) lastConsumedByGrant.set(payload.grantId, id)
    },
    async destroy(id) {
      models.delete(id)
    },
    async revokeByGrantId(grantId) {
      for (const [id, stored] of models) if (stored.payload.grantId === grantId) models.delete(id)
    },
  }

  function mayOverlap(id: string, payload: AdapterPayload): boolean {
    if (!payload.grantId || lastConsumedByGrant.get(payload.grantId) !== id) return false
    return Date.now() / 1000 - Number(payload.consumed) < tenant.lifetimes.rotationLeewaySeconds
  }
}

const ignore = async () => undefined

function clientAdapter(tenant: Tenant): Adapter {
  return {
    async find(id) {
      const client = tenant.clients.find((candidate) => candidate.clientId === id)
      return client && clientMetadata(client, tenant.acceptedSecret(client))
    },
    upsert: ignore,
    findByUid: ignore,
    findByUserCode: ignore,
    consume: ignore,
    destroy: ignore,
    revokeByGrantId: ignore,
  }
}

function clientMetadata(client: LocalClient, secret: string): AdapterPayload {
  const isWebApp = client.grantTypes.includes('authorization_code')
  const metadata: ClientMetadata = {
    client_id: client.clientId,
    client_secret: secret,
    client_name: client.name,
    grant_types: client.grantTypes,
    response_types: isWebApp ? ['code'] : [],
    // A web app needs one callback to be valid at all; this one can never be reached.
    redirect_uris: isWebApp && client.callbacks.length === 0 ? ['https://none.invalid/'] : client.callbacks,
    token_endpoint_auth_method: 'client_secret_post',
  }
  const keys = activeKeys(client)
  if (keys.length === 0) return metadata
  const { client_secret: _, ...rest } = metadata
  return { ...rest, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } }
}

/** The keys of Private Key JWT, as the provider reads them. */
function activeKeys({ credentials = [], activeCredentials = [] }: LocalClient) {
  return credentials
    .filter(({ id }) => activeCredentials.includes(id))
    .map(({ id, pem }) => ({ ...createPublicKey(pem).export({ format: 'jwk' }), kid: id, use: 'sig', alg: 'RS256' }))
}
