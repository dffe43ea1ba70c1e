import { allowInsecureRequests, authorizationCodeGrant, buildAuthorizationUrl, discovery } from 'openid-client'
import * as openid from 'openid-client'
import type { Test } from 'tap'

import type { LocalAuth0, LocalAuth0Options } from '../../../auth0/local/server.ts'
import { startLocalAuth0 } from '../../../auth0/local/server.ts'
import { createBrowser } from './browser.ts'
import type { Browser, Page } from './browser.ts'

export const callback = 'http://app.test/callback'
export const afterLogout = 'http://app.test/bye'

/** A local Auth0 that stops when the test ends. */
export async function startAuth0(t: Test, options: LocalAuth0Options = {}): Promise<LocalAuth0> {
  const auth0 = await startLocalAuth0({ callbacks: [callback], logoutUrls: [afterLogout], ...options })
  t.teardown(() => auth0.close())
  return auth0
}

export type Application = {
  config: openid.Configuration
  browser: Browser
  authorizeUrl: (parameters?: Record<string, string>) => URL
  /** Opens /authorize and signs this user in if a login page appears. */
  visit: (parameters?: Record<string, string>, email?: string) => Promise<Page>
  /** Makes a complete login. @returns the tokens */
  login: (parameters?: Record<string, string>, email?: string) => Promise<Tokens>
  redeem: (page: Page) => Promise<Tokens>
}
export type Tokens = Awaited<ReturnType<typeof authorizationCodeGrant>>

/** An application that uses openid-client 6, with one browser. */
export async function createApplication(auth0: LocalAuth0, browser = createBrowser()): Promise<Application> {
  const config = await discovery(new URL(auth0.issuer), auth0.clientId, auth0.clientSecret, undefined, {
    execute: [allowInsecureRequests],
  })
  const verifier = openid.randomPKCECodeVerifier()
  const challenge = await openid.calculatePKCECodeChallenge(verifier)

  const authorizeUrl = (parameters: Record<string, string> = {}) =>
    buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid profile email',
      state: 'some-state',
      nonce: 'some-nonce',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...parameters,
    })

  async function visit(parameters: Record<string, string> = {}, email = 'jane@example.com') {
    const page = await browser.get(authorizeUrl(parameters).href)
    if (!page.text.includes('name="password"')) return page
    return browser.submit(page.url, { username: email, password: 'stagedoor' })
  }

  const redeem = (page: Page) =>
    authorizationCodeGrant(config, new URL(page.location ?? ''), {
      pkceCodeVerifier: verifier,
      expectedState: 'some-state',
      expectedNonce: 'some-nonce',
      idTokenExpected: true,
    })

  return {
    config,
    browser,
    authorizeUrl,
    visit,
    redeem,
    login: async (parameters, email) => redeem(await visit(parameters, email)),
  }
}

/** Sends a plain request to the token endpoint. */
export async function postToken(auth0: LocalAuth0, fields: Record<string, string>) {
  const response = await fetch(`${auth0.issuer}oauth/token`, { method: 'POST', body: new URLSearchParams(fields) })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

export function clientFields(auth0: LocalAuth0): { client_id: string; client_secret: string } {
  return { client_id: auth0.clientId, client_secret: auth0.clientSecret }
}

/** The error of a refused grant; undefined if it was granted. */
export async function refusalOf(grant: Promise<unknown>): Promise<unknown> {
  try {
    await grant
    return undefined
  } catch (error) {
    return error
  }
}
