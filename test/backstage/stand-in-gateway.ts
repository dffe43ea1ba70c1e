import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import type { Test } from 'tap'

import {
  assertionHeader,
  assertionType,
  defaultAssertionAudience,
} from '../../packages/assertion-contract/src/index.ts'
import { ensureBackstage } from '../../scripts/backstage-setup.ts'
import { startBackstage } from '../../scripts/backstage-start.ts'

/** What these tests say Stagedoor's public address is; nothing listens there. */
export const issuer = 'http://stagedoor.localhost'
export const jane = 'auth0|64f1c0ffee0000000000a001'

export type Signer = {
  key: CryptoKey
  keyId: string
  publicJwk: Record<string, unknown>
}

export async function createSigner(): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const publicJwk = await exportJWK(publicKey)
  const keyId = await calculateJwkThumbprint(publicJwk)
  return { key: privateKey, keyId, publicJwk: { ...publicJwk, kid: keyId, alg: 'ES256', use: 'sig' } }
}

/** Claims of a good assertion, issued now. */
export function goodClaims(nowSeconds = Math.floor(Date.now() / 1000)): JWTPayload {
  return {
    iss: issuer,
    aud: defaultAssertionAudience,
    sub: jane,
    iat: nowSeconds,
    exp: nowSeconds + 300,
    jti: 'assertion-1',
    sid: 'session-1',
    kind: 'user',
  }
}

export async function sign(signer: Signer, claims: JWTPayload, header: { typ?: string } = { typ: assertionType }) {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: signer.keyId, ...header }).sign(signer.key)
}

/** Serves the public keys of `signers` as Stagedoor does. */
export async function startKeyServer(t: Test, signers: readonly Signer[]): Promise<{ url: string; close: () => void }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: signers.map(({ publicJwk }) => publicJwk) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  t.teardown(close)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}/.stagedoor/jwks.json`, close }
}

export type Answer = { status: number; body: { error?: { message: string }; backstageIdentity?: Identity } }
type Identity = { token: string; identity: { userEntityRef: string } }

type Resolver = { resolver: string; nameFrom?: string; ownershipFrom?: string[] }

/** A real Backstage that trusts `signer` and signs people in as `resolvers` say. */
export async function startTrustingBackstage(t: Test, signer: Signer, resolvers: readonly Resolver[]) {
  // The first caller installs Backstage.
  t.setTimeout(900_000)
  await ensureBackstage({ log: (line) => t.comment(line) })
  const { url: jwksUri } = await startKeyServer(t, [signer])
  const configFile = await writeConfig(t, { auth: { providers: { stagedoor: { signIn: { resolvers } } } } })
  const backstage = await startBackstage({ gatewayBaseUrl: issuer, jwksUri, configFiles: [configFile] })
  t.teardown(() => backstage.close())

  async function refresh(...assertions: string[]): Promise<Answer> {
    const headers = new Headers(assertions.map((assertion): [string, string] => [assertionHeader, assertion]))
    const response = await fetch(`${backstage.url}/api/auth/stagedoor/refresh`, { headers })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  /** The entity refs that Backstage says this person owns. */
  async function ownedBy({ body }: Answer): Promise<string[]> {
    const headers = { authorization: `Bearer ${body.backstageIdentity?.token}` }
    const response = await fetch(`${backstage.url}/api/auth/v1/userinfo`, { headers })
    return JSON.parse(await response.text()).claims.ent
  }
  return {
    url: backstage.url,
    refresh,
    ownedBy,
    signIn: async (claims: JWTPayload) => refresh(await sign(signer, claims)),
  }
}

export function userOf({ body }: Answer): string | undefined {
  return body.backstageIdentity?.identity.userEntityRef
}

async function writeConfig(t: Test, config: object): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stagedoor-backstage-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = join(directory, 'app-config.test.yaml')
  await writeFile(file, JSON.stringify(config))
  return file
}
