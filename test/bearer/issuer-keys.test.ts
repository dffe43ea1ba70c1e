import { generateKeyPairSync, type KeyObject } from 'node:crypto'

import { SignJWT } from 'jose'
import t, { type Test } from 'tap'

import { type CompactToken, parseCompact } from '../../src/bearer/compact.ts'
import { verifySignature } from '../../src/bearer/signature.ts'
import { JwksCache, verificationKeysIn } from '../../src/oidc/jwks-cache.ts'
import { forgetfulJwksStore } from '../../src/oidc/jwks-store.ts'

type Pair = { publicKey: KeyObject; privateKey: KeyObject }

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })

const publicJwk = ({ publicKey }: Pair) => ({ ...publicKey.export({ format: 'jwk' }), kid: 'k' })

/** The outcome for a token whose issuer publishes this key under the token's key id, beside another key. */
async function outcome(t: Test, key: unknown, algorithm: string, { privateKey }: Pair) {
  const keys = await JwksCache.open({
    issuer: 'https://issuer.example/',
    fetchJwks: async () => JSON.stringify({ keys: [{ ...publicJwk(other), kid: 'other' }, key].flat() }),
    timeoutMs: 5_000,
    store: forgetfulJwksStore,
    refreshEveryMs: 60_000,
    keepForMs: 60_000,
    now: Date.now,
    random: () => 0.5,
  })
  t.teardown(() => keys.close())
  const token = await new SignJWT({}).setProtectedHeader({ alg: algorithm, kid: 'k' }).sign(privateKey)
  const result = await verifySignature(parseCompact(token) as CompactToken, keys)
  return 'fault' in result ? result.fault : 'verified'
}

const rows: [what: string, key: unknown, algorithm: string, pair: Pair, outcome: string][] = [
  ['RSA', publicJwk(rsa), 'RS256', rsa, 'verified'],
  ['RSA with PSS', publicJwk(rsa), 'PS512', rsa, 'verified'],
  [
    'RSA for signatures',
    { ...publicJwk(rsa), use: 'sig', alg: 'RS256', key_ops: ['verify'] },
    'RS256',
    rsa,
    'verified',
  ],
  ['EC', publicJwk(ec), 'ES256', ec, 'verified'],
  ['Ed25519', publicJwk(ed), 'EdDSA', ed, 'verified'],
  ['Ed25519 by that name', publicJwk(ed), 'Ed25519', ed, 'verified'],
  ['a key for the other name', { ...publicJwk(ed), alg: 'EdDSA' }, 'Ed25519', ed, 'key-mismatch'],
  ['another key', publicJwk(other), 'RS256', rsa, 'signature'],
  ['a key for another algorithm', { ...publicJwk(rsa), alg: 'RS256' }, 'PS256', rsa, 'key-mismatch'],
  ['a key of another type', publicJwk(ec), 'RS256', rsa, 'key-mismatch'],
  ['a key of another curve', { ...publicJwk(ec), crv: 'P-384' }, 'ES256', ec, 'key-mismatch'],
  ['a key for other operations', { ...publicJwk(rsa), key_ops: ['encrypt'] }, 'RS256', rsa, 'key-mismatch'],
  ['two keys that both fit', [publicJwk(rsa), publicJwk(other)], 'RS256', rsa, 'key-mismatch'],
  ['1024 bits', publicJwk(small), 'RS256', rsa, 'signature'],
  ['RSA without exponent', { ...publicJwk(rsa), e: undefined }, 'RS256', rsa, 'signature'],
  ['no id', { ...publicJwk(rsa), kid: undefined }, 'RS256', rsa, 'key-unknown'],
  ['empty id', { ...publicJwk(rsa), kid: '' }, 'RS256', rsa, 'key-unknown'],
  ['for encryption', { ...publicJwk(rsa), use: 'enc' }, 'RS256', rsa, 'key-unknown'],
  ['symmetric', { kty: 'oct', k: 'c2VjcmV0', kid: 'k' }, 'RS256', rsa, 'key-unknown'],
  ['private', { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'k' }, 'RS256', rsa, 'key-unknown'],
  ['not a key', 42, 'RS256', rsa, 'key-unknown'],
]

t.test('only a public signature key of that id and algorithm verifies a token', async (t) => {
  for (const [what, key, algorithm, pair, expected] of rows) {
    t.equal(await outcome(t, key, algorithm, pair), expected, what)
  }
})

t.test('an invalid JWK Set, or one without a usable key, is refused', async (t) => {
  for (const text of ['null', '[]', '{}', '{"keys":{}}', '{"keys":[]}', '{"keys":[{"kid":"x"}]}']) {
    t.throws(() => verificationKeysIn(text), TypeError, text)
  }
  t.throws(() => verificationKeysIn('{'), SyntaxError)
})
