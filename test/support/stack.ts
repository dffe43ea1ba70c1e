import type { RequestListener } from 'node:http'

import type { Test } from 'tap'

import { type LocalAuth0, type LocalAuth0Options, startLocalAuth0 } from '../../auth0/local/server.ts'
import { type Browser, createBrowser, type Page } from './browser.ts'
import { type ConfigOverrides, type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
import { borrowKeyPairs } from './key-pairs.ts'
import { type Origin, startOrigin } from './origin.ts'
import { freePort } from './ports.ts'

/** Gateway, login service and upstream, running together. */
export type Stack = Gateway & {
  auth0: LocalAuth0
  origin: Origin
  /** Signs in a new browser as the person with this e-mail address. */
  signIn(email?: string, browser?: Browser, path?: string): Promise<{ browser: Browser; page: Page }>
}

export type StackOptions = {
  config?: ConfigOverrides
  /** With `isDown` it answers 503 before the gateway starts. */
  auth0?: LocalAuth0Options & { isDown?: boolean }
  upstream?: RequestListener
  /** The URL of a running upstream, instead of a listener. */
  upstreamUrl?: string
  /** Port of the gateway; default: a free one. */
  port?: number
  /** Port of a proxy in front, if any. The base URL then has this port, and the gateway listens on another. */
  publicPort?: number
  now?: () => number
  fetch?: typeof fetch
  faults?: GatewayOptions['faults']
  routing?: NonNullable<GatewayOptions['routing']>
}

export async function startStack(t: Test, options: StackOptions = {}): Promise<Stack> {
  const port = options.port ?? (await freePort())
  const url = `http://localhost:${options.publicPort ?? port}`
  const callbacks = [`${url}/.stagedoor/callback`]
  const logoutUrls = [`${url}/.stagedoor/signed-out`]
  const auth0 = await startLocalAuth0({ makeKeyPair: borrowKeyPairs(t), ...options.auth0, callbacks, logoutUrls })
  t.teardown(() => auth0.close())
  if (options.auth0?.isDown) auth0.switches.down('error')
  const origin = await startOrigin(t, options.upstream)
  const gateway = await startGateway(t, {
    auth0,
    upstream: options.upstreamUrl ?? origin.url,
    port,
    ...(options.publicPort !== undefined && { publicPort: options.publicPort }),
    ...(options.config && { config: options.config }),
    ...(options.now && { now: options.now }),
    ...(options.fetch && { fetch: options.fetch }),
    ...(options.faults && { faults: options.faults }),
    ...(options.routing && { routing: options.routing }),
  })
  return { ...gateway, auth0, origin, signIn }

  async function signIn(email = 'jane@example.com', browser = createBrowser(), path = '/') {
    return { browser, page: await passLoginPage(await browser.open(url + path), browser, email) }
  }
}

/** Fills in the login page of the local Auth0, if the browser is there. */
export async function passLoginPage(page: Page, browser: Browser, email: string): Promise<Page> {
  if (!page.text.includes('name="password"')) return page
  return browser.submit(page.url, '/u/login', { username: email, password: 'stagedoor' })
}

/** Signs in and stops at the provider's redirect to the callback. */
export async function passLoginPageUntilCallback(gateway: string, login: Page, browser: Browser): Promise<string> {
  let page = await browser.step(new URL('/u/login', login.url).href, {
    method: 'POST',
    body: new URLSearchParams({ username: 'jane@example.com', password: 'stagedoor' }),
  })
  while (page.location !== undefined && !page.location.startsWith(gateway)) page = await browser.step(page.location)
  return page.location ?? ''
}
