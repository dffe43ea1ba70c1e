import t, { type Test } from 'tap'

import { createBrowser } from '../support/browser.ts'
import { passLoginPageUntilCallback, startStack } from '../support/stack.ts'

const token = 'the-token-that-auth0-sends-with-events'

/** A stack that can delay tokens: Auth0 has issued them, and they have not arrived. */
async function startSlowStack(t: Test) {
  let answer: PromiseWithResolvers<void> | undefined
  let held = Promise.withResolvers<void>()
  let offsetMs = 0
  const now = () => Date.now() + offsetMs
  const stack = await startStack(t, {
    now,
    config: { auth0: { events: { webhook: { tokens: [token] } } } },
    async fetch(input, init) {
      const response = await fetch(input, init)
      if (answer === undefined || !response.url.endsWith('/oauth/token')) return response
      held.resolve()
      await answer.promise
      return response
    },
  })
  const user_id = stack.auth0.users.find(({ email }) => email === 'jane@example.com')?.id ?? ''
  return {
    stack,
    user_id,
    passRefreshTime: () => void (offsetMs += 10 * 60_000),
    hold() {
      answer = Promise.withResolvers()
      held = Promise.withResolvers()
    },
    untilHeld: () => held.promise,
    /** A login that waits for Auth0's answer to the callback. */
    async beginLogin() {
      const browser = createBrowser()
      const callback = await passLoginPageUntilCallback(stack.url, await browser.open(`${stack.url}/`), browser)
      this.hold()
      const finishing = browser.step(callback)
      await this.untilHeld()
      return { browser, finishing }
    },
    release() {
      answer?.resolve()
      answer = undefined
    },
    async sendEvent(type: string, object: object) {
      const { status } = await createBrowser().fetch(`${stack.url}/.stagedoor/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({ id: type, type, time: new Date(now()).toISOString(), data: { object } }),
      })
      t.equal(status, 202)
    },
  }
}

t.test('a user who is blocked during their login gets no session', async (t) => {
  const slow = await startSlowStack(t)
  const { stack, user_id } = slow
  const { browser, finishing } = await slow.beginLogin()
  await slow.sendEvent('user.updated', { user_id, blocked: true })
  slow.release()
  await finishing
  t.equal((await browser.fetch(`${stack.url}/`)).status, 401)
})

t.test('a request that waits for a refresh is refused if its session ends meanwhile', async (t) => {
  const slow = await startSlowStack(t)
  const { stack, user_id } = slow
  const { browser } = await stack.signIn()
  slow.passRefreshTime()
  slow.hold()
  const waiting = browser.fetch(`${stack.url}/`)
  await slow.untilHeld()
  await slow.sendEvent('user.updated', { user_id, blocked: true })
  slow.release()
  t.equal((await waiting).status, 401)
})

t.test('roles from before an event do not count, even if their refresh ends after it', async (t) => {
  const slow = await startSlowStack(t)
  const { stack, user_id } = slow
  const { browser } = await stack.signIn()
  const askForRoles = async () => JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/me`)).text).roles
  slow.passRefreshTime()
  slow.hold()
  const waiting = askForRoles()
  await slow.untilHeld()
  stack.auth0.switches.setRoles(user_id, ['developer'])
  await slow.sendEvent('organization.member.role.deleted', { organization: { id: 'org_demo' }, user: { user_id } })
  slow.release()
  t.same(await waiting, ['developer'])
  t.same(await askForRoles(), ['developer'])
})

t.test('roles from before an event do not count, even if their login ends after it', async (t) => {
  const slow = await startSlowStack(t)
  const { stack, user_id } = slow
  const { browser, finishing } = await slow.beginLogin()
  stack.auth0.switches.setRoles(user_id, ['developer'])
  await slow.sendEvent('organization.member.role.deleted', { organization: { id: 'org_demo' }, user: { user_id } })
  slow.release()
  await finishing
  t.same(JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/me`)).text).roles, ['developer'])
})
