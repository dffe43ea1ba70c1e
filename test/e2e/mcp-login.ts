import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js'

import type { Browser } from '../support/browser.ts'
import { giveConsent } from './consent.ts'

const redirectUrl = 'http://127.0.0.1:1/callback'

export type McpLogin = OAuthClientProvider & {
  /** The code from the person's consent. */
  code(): string
}

/** The login state of an MCP client, and the browser in which its person consents. */
export function createMcpLogin(browser: Browser, portalUrl: string): McpLogin {
  let client: OAuthClientInformationMixed | undefined
  let tokens: OAuthTokens | undefined
  let verifier = ''
  let code = ''
  const clientMetadata: OAuthClientMetadata = {
    client_name: 'A test',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }

  async function agree(authorizationUrl: URL): Promise<void> {
    const back = new URL(await giveConsent(browser, portalUrl, authorizationUrl.href))
    code = back.searchParams.get('code') ?? ''
  }

  return {
    redirectUrl,
    clientMetadata,
    clientInformation: () => client,
    saveClientInformation: (information) => void (client = information),
    tokens: () => tokens,
    saveTokens: (fresh) => void (tokens = fresh),
    redirectToAuthorization: agree,
    saveCodeVerifier: (text) => void (verifier = text),
    codeVerifier: () => verifier,
    code: () => code,
  }
}
