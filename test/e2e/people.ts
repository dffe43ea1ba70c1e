import type { BrowserContext, Page } from 'playwright-core'

import { patienceMs } from '../support/until.ts'
import type { Portal } from './portal.ts'

/** Milliseconds; what a slow machine needs at worst. */
export const timeout = patienceMs

/** Opens a page of the portal as this person, by the login page. */
export async function openAs(
  context: BrowserContext,
  portal: Pick<Portal, 'url'>,
  name: string,
  path = '/',
): Promise<Page> {
  const page = await context.newPage()
  await page.goto(portal.url + path)
  await signIn(page, name)
  await untilShownAs(page, name)
  return page
}

/** A dialog that closes is in the page until its animation is over. */
export const untilNoDialog = (page: Page): Promise<void> =>
  page.getByRole('dialog').waitFor({ state: 'detached', timeout })

/** The sidebar says who is signed in. */
export async function untilShownAs(page: Page, name: string): Promise<void> {
  await page.locator('nav').getByText(name).first().waitFor({ timeout })
}

export async function signIn(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).click({ timeout })
}

/** Ends the browser's session at the gateway, as an administrator would: the cookie stays and opens nothing. */
export async function revokeSession(portal: Portal, context: BrowserContext): Promise<void> {
  const cookies = await context.cookies(portal.url)
  const value = cookies.find(({ name }) => name === 'stagedoor')?.value ?? ''
  const found = await portal.parts.session.store.find(value)
  if (found === undefined) throw new Error('the browser has no session')
  await portal.parts.session.store.end(found.session)
}

/** The login service no longer knows the browser, so that the next login asks who it is. */
export async function forgetAtLoginService(context: BrowserContext): Promise<void> {
  for (const { name } of await context.cookies()) {
    if (!name.startsWith('stagedoor')) await context.clearCookies({ name })
  }
}

/** Clicks in the session dialog and gives the window that it opens. */
export async function openLoginWindow(page: Page, label = 'Sign in again'): Promise<Page> {
  const [popup] = await Promise.all([
    page.context().waitForEvent('page', { timeout }),
    page.getByTestId('stagedoor-notice').getByRole('button', { name: label }).click({ timeout }),
  ])
  return popup
}
