import { createPrivateKey, sign } from 'node:crypto'

import type { JWK } from 'jose'
import { request } from 'undici'

import type { LocalAuth0 } from '../../auth0/local/server.ts'

export type Claims = Record<string, unknown>

/** Base64url of text or of a value as JSON. */
export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** Signs any header and claims without checks: RS256, with the local Auth0's own key. */
export function forge(key: JWK, header: unknown, claims: unknown): string {
  const input = `${encode(header)}.${encode(claims)}`
  const signature = sign('RSA-SHA256', Buffer.from(input), createPrivateKey({ key, format: 'jwk' }))
  return `${input}.${signature.toString('base64url')}`
}

/** A token that the local Auth0 itself issues to its machine with client credentials. */
export async function grantedToken(auth0: LocalAuth0, audience: string): Promise<string> {
  const response = await fetch(`${auth0.issuer}oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: auth0.machine.clientId,
      client_secret: auth0.machine.clientSecret,
      audience,
    }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  return token
}

/** Header and claims of a valid machine token in Auth0's own profile. */
export function goodToken(auth0: LocalAuth0, now = Date.now()) {
  const iat = Math.floor(now / 1000)
  const clientId = auth0.machine.clientId
  const header: Claims = { alg: 'RS256', typ: 'JWT', kid: auth0.signingKey().kid }
  const claims: Claims = {
    iss: auth0.issuer,
    sub: `${clientId}@clients`,
    aud: auth0.audience,
    iat,
    exp: iat + 3_600,
    azp: clientId,
    gty: 'client-credentials',
    scope: 'read:catalog',
    permissions: ['read:catalog'],
  }
  return { header, claims }
}

/** A valid token with changed claims and header parameters; undefined removes one. */
export function machineToken(auth0: LocalAuth0, claims: Claims = {}, header: Claims = {}, now = Date.now()): string {
  const good = goodToken(auth0, now)
  return forge(auth0.signingKey(), { ...good.header, ...header }, { ...good.claims, ...claims })
}

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: Claims }

/** Sends a request like a script. */
export async function ask(url: string, token?: string, headers: Record<string, string> = {}): Promise<Answer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await request(url, { headers: { ...authorization, ...headers } })
  const text = await response.body.text()
  return { status: response.statusCode, headers: response.headers, body: parsed(text) }
}

function parsed(text: string): Claims {
  try {
    return JSON.parse(text) as Claims
  } catch {
    return { text }
  }
}

/** Configuration that admits machines of the local Auth0. */
export const machinesIn = { audiences: ['https://backstage.example.com/api'] }
