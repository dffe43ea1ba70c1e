import type { Browser } from '../support/browser.ts'

/** Consents as the button of Backstage's consent page does. @returns the URL of the redirect */
export async function giveConsent(browser: Browser, portalUrl: string, authorizationUrl: string): Promise<string> {
  const { location } = await browser.step(authorizationUrl)
  const sessionId = location?.split('/').at(-1) ?? ''
  const refreshed = JSON.parse((await browser.fetch(`${portalUrl}/api/auth/stagedoor/refresh`)).text)
  const approved = await browser.fetch(`${portalUrl}/api/auth/v1/sessions/${sessionId}/approve`, {
    method: 'POST',
    headers: { authorization: `Bearer ${refreshed.backstageIdentity.token}` },
  })
  return JSON.parse(approved.text).redirectUrl
}
