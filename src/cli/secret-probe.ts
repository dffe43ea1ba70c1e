import { importPKCS8, SignJWT } from 'jose'

import type { SendJson } from './json-client.ts'
import type { RotationKind } from './rotate/step-order.ts'

/** The token endpoint's judgement of a secret; `unclear` is an outage, a rate limit, or a grant that is not allowed. */
type Verdict = 'accepted' | 'refused' | 'unclear'

type Application = { issuer: string; clientId: string; kind: RotationKind }

/**
 * Asks whether Auth0 accepts a secret, without a person: with a code that cannot be right, a good secret gets
 * `invalid_grant` and a bad one 401, because the client is authenticated before its code is looked at.
 * @returns the judgement, and the status and the name of the error that it comes from
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

/** RFC 7523 §2.2, as Auth0 wants it: the audience is the issuer, one text, and a minute is long enough. */
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
