import { generateKeyPairSync } from 'node:crypto'

import t from 'tap'

import { keepUnchanged, mayVerify, parseJwkSet } from '../../src/oidc/jwk-set.ts'

const rsa = (modulusLength = 2048) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' }) as Record<string, unknown>
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ecPublic = ec.publicKey.export({ format: 'jwk' })
const good = rsa()

t.test('of a JWK Set only public signature keys with an id are taken, each id once', async (t) => {
  const rows: [what: string, key: unknown, isTaken: boolean][] = [
    ['RSA', { ...good, kid: 'k' }, true],
    ['RSA for signatures', { ...good, kid: 'k', use: 'sig', alg: 'RS256', key_ops: ['verify'] }, true],
    ['EC', { ...ecPublic, kid: 'k' }, true],
    ['Ed25519', { kty: 'OKP', crv: 'Ed25519', x: 'abc', kid: 'k' }, true],
    ['no id', good, false],
    ['empty id', { ...good, kid: '' }, false],
    ['for encryption', { ...good, kid: 'k', use: 'enc' }, false],
    ['for other operations', { ...good, kid: 'k', key_ops: ['encrypt'] }, false],
    ['symmetric', { kty: 'oct', k: 'c2VjcmV0', kid: 'k' }, false],
    ['private', { ...ec.privateKey.export({ format: 'jwk' }), kid: 'k' }, false],
    ['1024 bits', { ...rsa(1024), kid: 'k' }, false],
    ['RSA without exponent', { ...good, e: undefined, kid: 'k' }, false],
    ['for key agreement', { kty: 'OKP', crv: 'X25519', x: 'abc', kid: 'k' }, false],
    ['a curve nobody uses', { ...ecPublic, crv: 'secp256k1', kid: 'k' }, false],
    ['not a key', 42, false],
  ]
  for (const [what, key, isTaken] of rows) {
    const set = parseJwkSet(JSON.stringify({ keys: [{ ...good, kid: 'other' }, key] }))
    t.equal(set.has('k'), isTaken, what)
  }
  const twice = parseJwkSet(
    JSON.stringify({
      keys: [
        { ...good, kid: 'k' },
        { ...ecPublic, kid: 'k' },
      ],
    }),
  )
  t.match(twice.get('k'), { kty: 'RSA' }, 'the first of two with one id')
})

t.test('what is no JWK Set, or has nothing of use, is refused', async (t) => {
  for (const text of ['null', '[]', '{}', '{"keys":{}}', '{"keys":[]}', '{"keys":[{"kid":"x"}]}']) {
    t.throws(() => parseJwkSet(text), TypeError, text)
  }
  t.throws(() => parseJwkSet('{'), SyntaxError)
})

t.test('a key verifies algorithms of its own type, curve and alg only', async (t) => {
  const rows: [object, string, boolean][] = [
    [{ kty: 'RSA' }, 'RS256', true],
    [{ kty: 'RSA' }, 'PS512', true],
    [{ kty: 'RSA', alg: 'RS256' }, 'PS256', false],
    [{ kty: 'RSA' }, 'ES256', false],
    [{ kty: 'EC', crv: 'P-256' }, 'ES256', true],
    [{ kty: 'EC', crv: 'P-256' }, 'ES384', false],
    [{ kty: 'EC', crv: 'P-256' }, 'RS256', false],
    [{ kty: 'OKP', crv: 'Ed25519' }, 'EdDSA', true],
  ]
  for (const [jwk, algorithm, may] of rows)
    t.equal(mayVerify(jwk, algorithm), may, `${JSON.stringify(jwk)} ${algorithm}`)
})

t.test('a key that changed under its id is another object', async (t) => {
  const first = parseJwkSet(JSON.stringify({ keys: [{ ...good, kid: 'k' }] }))
  const other = parseJwkSet(JSON.stringify({ keys: [{ ...rsa(), kid: 'k' }] }))
  t.not(keepUnchanged(first, other).get('k'), first.get('k'))
  t.equal(keepUnchanged(undefined, first), first)
})
