import type { BrowserContext, Page } from 'playwright-core'

import { patienceMs } from '../support/until.ts'
import type { Portal } from './portal.ts'

/** Milliseconds that a slow machine needs at worst. */
export const timeout = patienceMs

/** Opens a page of the portal as this person, through the login page. */
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

/** A closing dialog stays in the page until its animation ends. */
export const untilNoDialog = (page: Page): Promise<void> =>
  page.getByRole('dialog').waitFor({ state: 'detached', timeout })

/** The sidebar shows the signed-in person. */
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

/** Ends the browser's session at the login service, so that the next login asks for credentials. */
export async function forgetAtLoginService(context: BrowserContext): Promise<void> {
  for (const { name } of await context.cookies()) {
    if (!name.startsWith('stagedoor')) await context.clearCookies({ name })
  }
}

/** Clicks in the session dialog. @returns the window that it opens */
export async function openLoginWindow(page: Page, label = 'Sign in again'): Promise<Page> {
  const [popup] = await Promise.all([
    page.context().waitForEvent('page', { timeout }),
    page.getByTestId('stagedoor-notice').getByRole('button', { name: label }).click({ timeout }),
  ])
  return popup
}
