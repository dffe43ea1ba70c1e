import { createPublicKey, generateKeyPairSync, KeyObject } from 'node:crypto'

import { CompactSign, exportJWK, type FetchImplementation, generateKeyPair } from 'jose'
import t from 'tap'

import { createLogoutTokenVerifier } from '../../src/oidc/logout-token.ts'

const issuer = 'https://tenant.example/'
const nowSeconds = 1_800_000_000
const claims = {
  iss: issuer,
  aud: 'client',
  iat: nowSeconds,
  exp: nowSeconds + 120,
  jti: 'j-1',
  events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  sid: 'sid-1',
}
const { privateKey, publicKey } = await generateKeyPair('RS256')
const keySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k-1', alg: 'RS256' }] }

const sign = (payload: string, key = privateKey): Promise<string> =>
  new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg: 'RS256', kid: 'k-1' }).sign(key)

const common = { clientId: 'client', isTypeRequired: false, timeoutMs: 1_000 }

function verifier(
  metadata: object = { jwks_uri: 'https://tenant.example/jwks' },
  answer = () => Response.json(keySet),
) {
  const fetch: FetchImplementation = async () => answer()
  const provider = { metadata: async () => ({ issuer, ...metadata }) }
  const now = () => nowSeconds * 1000
  return createLogoutTokenVerifier({ ...common, provider, fetch, now })
}

const refusedFor = (reason: string) => ({ code: 'STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', reason })

t.test('a logout token signed by a published key is read', async (t) => {
  t.match(await verifier()(await sign(JSON.stringify(claims))), { sid: 'sid-1', tokenId: 'j-1' })
})

t.test('the keys are fetched once', async (t) => {
  const fetched: string[] = []
  const fetch: FetchImplementation = async (url) => {
    fetched.push(url)
    return Response.json(keySet)
  }
  const provider = { metadata: async () => ({ issuer, jwks_uri: 'https://tenant.example/jwks' }) }
  const now = () => nowSeconds * 1000
  const verify = createLogoutTokenVerifier({ ...common, provider, fetch, now })
  const token = await sign(JSON.stringify(claims))
  await verify(token)
  await verify(token)
  t.same(fetched, ['https://tenant.example/jwks'])
})

t.test('a logout token with an invalid claim is refused with that reason', async (t) => {
  const token = await sign(JSON.stringify({ ...claims, aud: 'other' }))
  await t.rejects(verifier()(token), refusedFor('audience'))
})

for (const payload of ['not json', '[]', 'null', '"text"', '']) {
  t.test(
    `a logout token with ${JSON.stringify(payload)} for claims is refused despite a valid signature`,
    async (t) => {
      await t.rejects(verifier()(await sign(payload)), refusedFor('claims'))
    },
  )
}

t.test('a logout token signed by another key is refused', async (t) => {
  const { privateKey: other } = await generateKeyPair('RS256')
  await t.rejects(verifier()(await sign(JSON.stringify(claims), other)), refusedFor('signature'))
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const shared = Buffer.from('a secret that both sides would have to know')
const algorithms: [algorithm: string, key: KeyObject | Uint8Array, isTaken: boolean][] = [
  ['RS256', rsa.privateKey, true],
  ['PS256', rsa.privateKey, true],
  ['PS512', rsa.privateKey, true],
  ['ES256', ec.privateKey, true],
  ['EdDSA', ed.privateKey, true],
  ['HS256', shared, false],
]

for (const [alg, key, isTaken] of algorithms) {
  t.test(
    `a logout token signed by ${alg} is ${isTaken ? 'accepted' : 'refused even with a matching key'}`,
    async (t) => {
      const jwk =
        key instanceof KeyObject
          ? createPublicKey(key).export({ format: 'jwk' })
          : { kty: 'oct', k: Buffer.from(key).toString('base64url') }
      const verify = verifier(undefined, () => Response.json({ keys: [{ ...jwk, kid: 'k-1' }] }))
      const signing = new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg, kid: 'k-1' })
      const token = await signing.sign(key)
      if (isTaken) t.match(await verify(token), { tokenId: 'j-1' })
      else await t.rejects(verify(token), refusedFor('signature'))
    },
  )
}

t.test('a logout token without a signature is refused', async (t) => {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  await t.rejects(verifier()(`${encode({ alg: 'none' })}.${encode(claims)}.`), refusedFor('signature'))
})

const unavailable: [string, object, () => Response][] = [
  ['discovery names none', {}, () => Response.json(keySet)],
  ['the provider answers with an error', { jwks_uri: 'https://t.example/' }, () => new Response('', { status: 503 })],
  ['the provider answers with no key set', { jwks_uri: 'https://t.example/' }, () => Response.json({})],
]
for (const [why, metadata, answer] of unavailable) {
  t.test(`verification of a logout token is unavailable without keys because ${why}`, async (t) => {
    const token = await sign(JSON.stringify(claims))
    await t.rejects(verifier(metadata, answer)(token), { code: 'STAGEDOOR_OIDC_UNAVAILABLE' })
  })
}
