import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { RequestListener } from 'node:http'

import { type Claims, encode } from './machine.ts'

/** A stand-in for Backstage's token service: its keys at its own path, and its users' tokens. */
export function createBackstageIssuer() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'backstage-key', alg: 'ES256', use: 'sig' }
  const answer: RequestListener = (request, response) => {
    const isJwks = request.url === '/api/auth/.well-known/jwks.json'
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(isJwks ? { keys: [jwk] } : { url: request.url, headers: request.headers }))
  }
  return {
    answer,
    /** A good user token for this portal, some of it changed. */
    token(portalUrl: string, claims: Claims = {}, header: Claims = {}): string {
      const iat = Math.floor(Date.now() / 1000)
      const good = { iss: `${portalUrl}/api/auth`, sub: 'user:default/jane', aud: 'backstage', iat, exp: iat + 3_600 }
      const type = { typ: 'vnd.backstage.user', alg: 'ES256', kid: jwk.kid }
      return signed({ ...type, ...header }, { ...good, uip: 'proof', ...claims }, privateKey)
    },
  }
}

function signed(header: Claims, claims: Claims, key: KeyObject): string {
  const input = `${encode(header)}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
