import { importPKCS8, SignJWT } from 'jose'

import type { SendJson } from './json-client.ts'
import type { RotationKind } from './rotate/step-order.ts'

/** Whether the token endpoint accepts a secret; `unclear` means an outage, a rate limit, or a grant that is not allowed. */
type Verdict = 'accepted' | 'refused' | 'unclear'

type Application = { issuer: string; clientId: string; kind: RotationKind }

/**
 * Tests whether Auth0 accepts a secret, without a user's login. The request has an invalid code. The client is authenticated before
 * its code is checked, so a valid secret gets `invalid_grant` and an invalid one 401.
 * @returns the verdict, with the status and the error code of the answer
 */
export async function probeSecret(
  { issuer, clientId, kind }: Application,
  secret: string,
  send: SendJson,
): Promise<{ verdict: Verdict; status: number; error: string }> {
  const proof = kind === 'private-key-jwt' ? await assertionOf({ issuer, clientId }, secret) : { client_secret: secret }
  const { status, body } = await send(`${issuer}oauth/token`, {
    method: 'POST',
    form: {
      grant_type: 'authorization_code',
      client_id: clientId,
      code: 'a-code-that-was-never-given',
      redirect_uri: 'https://none.invalid/',
      code_verifier: 'a'.repeat(43),
      ...proof,
    },
  })
  const error = typeof body['error'] === 'string' ? body['error'] : ''
  if (error === 'invalid_grant') return { verdict: 'accepted', status, error }
  return { verdict: status === 401 ? 'refused' : 'unclear', status, error }
}

/** A client assertion (RFC 7523 §2.2) in the form that Auth0 requires: `aud` is the issuer, as a single string. Valid for one minute. */
async function assertionOf({ issuer, clientId }: { issuer: string; clientId: string }, pem: string) {
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setIssuedAt()
    .setExpirationTime('1m')
    .setJti(crypto.randomUUID())
    .sign(await importPKCS8(pem, 'RS256'))
  return {
    client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  }
}
