import { SignJWT } from 'jose'
import t from 'tap'

import { machineTokenType, assertionType } from '../../packages/assertion-contract/src/index.ts'
import { createSigner, goodClaims, jane, sign, startTrustingBackstage, userOf } from './stand-in-gateway.ts'

const signer = await createSigner()
const stranger = await createSigner()
const backstage = await startTrustingBackstage(t, signer, [{ resolver: 'auth0IdMatchingUserEntityAnnotation' }])
const nowSeconds = Math.floor(Date.now() / 1000)
const good = goodClaims()

const { exp: _exp, ...withoutExpiry } = good
const { iat: _iat, ...withoutIssuedAt } = good
const { sub: _sub, ...withoutSubject } = good
const { kind: _kind, ...withoutKind } = good

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

const symmetric = new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: signer.keyId, typ: assertionType })

const refused: [string, ...string[]][] = [
  ['no assertion at all'],
  ['an empty header', ''],
  ['words that are no token', 'jane'],
  ['three parts that are no token', 'e30.e30.x'],
  ['one without a signature (alg none)', `${encoded({ alg: 'none', typ: assertionType })}.${encoded(good)}.`],
  [
    'one signed with the public key as a secret',
    await symmetric.sign(new TextEncoder().encode(JSON.stringify(signer.publicJwk))),
  ],
  ['a home-made one with a key of its own', await sign(stranger, good)],
  ['a home-made one that names our key', await sign({ ...stranger, keyId: signer.keyId }, good)],
  ['an expired one', await sign(signer, { ...good, iat: nowSeconds - 200, exp: nowSeconds - 60 })],
  [
    'one older than five minutes, whatever its expiry',
    await sign(signer, { ...good, iat: nowSeconds - 400, exp: nowSeconds + 400 }),
  ],
  ['one from the future', await sign(signer, { ...good, iat: nowSeconds + 60 })],
  ['one for another audience', await sign(signer, { ...good, aud: 'urn:stagedoor:elsewhere' })],
  ['one of another issuer', await sign(signer, { ...good, iss: 'http://elsewhere.localhost' })],
  ['one whose issuer differs by a slash', await sign(signer, { ...good, iss: `${good.iss}/` })],
  ["a machine's token", await sign(signer, good, { typ: machineTokenType })],
  ['a plain JWT', await sign(signer, good, { typ: 'JWT' })],
  ['one without typ', await sign(signer, good, {})],
  ['one without expiry', await sign(signer, withoutExpiry)],
  ['one without time of issue', await sign(signer, withoutIssuedAt)],
  ['one without subject', await sign(signer, withoutSubject)],
  ['one with an empty subject', await sign(signer, { ...good, sub: '' })],
  ['one without kind', await sign(signer, withoutKind)],
  ['one of a machine', await sign(signer, { ...good, kind: 'machine' })],
  ['two at once', await sign(signer, good), await sign(signer, good)],
]

for (const [what, ...assertions] of refused) {
  t.test(`Backstage answers 401 to ${what}`, async (t) => {
    const { status, body } = await backstage.refresh(...assertions)
    t.equal(status, 401)
    t.equal(body.backstageIdentity, undefined)
  })
}

t.test('a good assertion signs in after all of these', async (t) => {
  const answer = await backstage.refresh(await sign(signer, good))
  t.match(answer, { status: 200 })
  t.equal(userOf(answer), 'user:default/jane', jane)
})
