import { SignJWT } from 'jose'
import t from 'tap'

import { machineTokenType, assertionType } from '../../packages/assertion-contract/src/index.ts'
import { jane, startTestKit, startTrustingBackstage, userOf } from './stand-in-gateway.ts'

const kit = await startTestKit(t)
const stranger = await startTestKit(t)
const backstage = await startTrustingBackstage(t, kit, [{ resolver: 'auth0IdMatchingUserEntityAnnotation' }])
const nowSeconds = Math.floor(Date.now() / 1000)
const good = kit.claims({ sub: jane })
const { kid = '' } = kit.publicJwk() as { kid?: string }

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

async function signed(changes: Record<string, unknown>): Promise<string> {
  return kit.sign({ sub: jane, ...changes })
}

const symmetric = new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid, typ: assertionType })

const refused: [string, ...string[]][] = [
  ['no assertion at all'],
  ['an empty header', ''],
  ['words that are no token', 'jane'],
  ['three parts that are no token', 'e30.e30.x'],
  ['one without a signature (alg none)', `${encoded({ alg: 'none', typ: assertionType })}.${encoded(good)}.`],
  [
    'one signed with the public key as a secret',
    await symmetric.sign(new TextEncoder().encode(JSON.stringify(kit.publicJwk()))),
  ],
  ['a home-made one with a key of its own', await stranger.sign({ sub: jane })],
  ['a home-made one that names our key', await stranger.sign({ sub: jane }, { kid })],
  ['an expired one', await signed({ iat: nowSeconds - 200, exp: nowSeconds - 60 })],
  ['one older than five minutes, whatever its expiry', await signed({ iat: nowSeconds - 400, exp: nowSeconds + 400 })],
  ['one from the future', await signed({ iat: nowSeconds + 600, exp: nowSeconds + 800 })],
  ['one for another audience', await signed({ aud: 'urn:stagedoor:elsewhere' })],
  ['one of another issuer', await signed({ iss: 'http://elsewhere.localhost' })],
  ['one whose issuer differs by a slash', await signed({ iss: `${kit.issuer}/` })],
  ["a machine's token", await kit.sign({ sub: jane }, { typ: machineTokenType })],
  ['a plain JWT', await kit.sign({ sub: jane }, { typ: 'JWT' })],
  ['one without typ', await kit.sign({ sub: jane }, { typ: undefined })],
  ['one without expiry', await signed({ exp: undefined })],
  ['one without time of issue', await signed({ iat: undefined })],
  ['one without subject', await signed({ sub: undefined })],
  ['one with an empty subject', await signed({ sub: '' })],
  ['one without kind', await signed({ kind: undefined })],
  ['one of a machine', await signed({ kind: 'machine' })],
  ['two at once', await signed({}), await signed({})],
]

for (const [what, ...assertions] of refused) {
  t.test(`Backstage answers 401 to ${what}`, async (t) => {
    const { status, body } = await backstage.refresh(...assertions)
    t.equal(status, 401)
    t.equal(body.backstageIdentity, undefined)
  })
}

t.test('a valid assertion signs in after all of these', async (t) => {
  const answer = await backstage.refresh(await signed({}))
  t.match(answer, { status: 200 })
  t.equal(userOf(answer), 'user:default/jane', jane)
})
