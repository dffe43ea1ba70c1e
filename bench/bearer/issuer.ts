import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** An issuer without a network: discovery, keys and tokens as Auth0 makes them. */
export async function createIssuer() {
  const url = 'http://127.0.0.1:1/'
  const audience = 'https://bench.example/api'
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench-key', use: 'sig', alg: 'RS256' }
  return {
    url,
    audience,
    jwk,
    fetch: async (asked: string): Promise<Response> =>
      Response.json(
        asked.endsWith('/openid-configuration') ? { issuer: url, jwks_uri: `${url}jwks.json` } : { keys: [jwk] },
      ),
    token: (client: string): Promise<string> =>
      new SignJWT({ azp: client, gty: 'client-credentials', scope: 'read:catalog', permissions: ['read:catalog'] })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: jwk.kid })
        .setIssuer(url)
        .setAudience(audience)
        .setSubject(`${client}@clients`)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey),
  }
}
