import { generateKeyPair, SignJWT } from 'jose'

import { assertionAlgorithm, assertionHeader, assertionType } from '../../../packages/assertion-contract/src/index.ts'

/** A forged credential, in the headers of a request that pretends to come from Stagedoor. */
type Forgery = { name: string; headers: Record<string, string> }

const subject = 'auth0|stagedoor-self-test'

/**
 * One forged sign-in of each kind. None is signed with one of our keys, so a Backstage that accepts one accepts forgeries.
 * @param issuer `server.baseUrl`
 */
export async function forgeries(issuer: string, audience: string, nowSeconds: number): Promise<Forgery[]> {
  const { privateKey } = await generateKeyPair(assertionAlgorithm)
  const claims = {
    iss: issuer,
    aud: audience,
    sub: subject,
    iat: nowSeconds,
    exp: nowSeconds + 60,
    jti: 'stagedoor-self-test',
    sid: 'stagedoor-self-test',
    kind: 'user',
    email: 'nobody@self-test.invalid',
    email_verified: true,
    preferred_username: 'nobody',
  }
  const sign = (changes: object = {}) =>
    new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ alg: assertionAlgorithm, typ: assertionType, kid: 'stagedoor-self-test' })
      .sign(privateKey)
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const unsigned = `${encode({ alg: 'none', typ: assertionType })}.${encode(claims)}.`
  const forged = (name: string, assertion: string) => ({ name, headers: { [assertionHeader]: assertion } })
  return [
    forged('signed with a wrong key', await sign()),
    forged('for a wrong audience', await sign({ aud: 'urn:stagedoor:elsewhere' })),
    forged('that has expired', await sign({ iat: nowSeconds - 900, exp: nowSeconds - 600 })),
    forged('without a signature (alg none)', unsigned),
    { name: 'without an assertion', headers: {} },
    { name: 'with nothing but X-Forwarded-User', headers: forwardedUser },
  ]
}

/** The headers of oauth2-proxy. Backstage's stock provider trusts them without verification. */
export const forwardedUser = {
  'x-forwarded-user': 'nobody',
  'x-forwarded-email': 'nobody@self-test.invalid',
  'x-forwarded-preferred-username': 'nobody',
  'x-auth-request-user': 'nobody',
  'x-forwarded-access-token': 'e30.e30.x',
  authorization: 'Bearer e30.e30.x',
}
