import type { Browser } from '../support/browser.ts'

/** What Backstage's consent page does when its button is pressed; gives where the browser is sent then. */
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
