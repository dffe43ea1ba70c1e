import { importPKCS8 } from 'jose'
import { type ClientAuth, ClientSecretBasic, ClientSecretPost, PrivateKeyJwt, type ServerMetadata } from 'openid-client'

export type Credentials = {
  /** The first is used; the others are fallbacks during a rotation. */
  clientSecrets: readonly string[]
  /** RSA keys as PKCS #8 PEM, for `private_key_jwt` (OIDC Core §9). They are tried before secrets. */
  privateKeys?: readonly string[]
}

/** How the client authenticates at the token endpoint, in the order in which the methods are tried. */
export async function clientAuthentications(
  { privateKeys = [], clientSecrets }: Credentials,
  metadata: ServerMetadata,
): Promise<ClientAuth[]> {
  const keys = await Promise.all(privateKeys.map((pem) => importPKCS8(pem, 'RS256')))
  return [
    ...keys.map((key) => PrivateKeyJwt(key)),
    ...clientSecrets.map((secret) => authenticationFor(metadata, secret)),
  ]
}

/** Auth0's regular web apps send the secret in the body. For other providers Basic (RFC 6749 §2.3.1) is used. */
function authenticationFor(metadata: ServerMetadata, secret: string): ClientAuth {
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return methods.includes('client_secret_post') ? ClientSecretPost(secret) : ClientSecretBasic(secret)
}
