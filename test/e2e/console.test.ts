import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { forgetAtLoginService, signIn } from './people.ts'

t.setTimeout(600_000)

const routes = [
  { name: 'closed', path: '/closed/**', allow: { roles: ['platform-admin'] }, title: 'Closed' },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]

/** An upstream with a page that shows when its event stream ends. */
const stack = await startStack(t, {
  config: { routes },
  upstream(request, response) {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n')
      return
    }
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>portal</title><p id="state">open</p>')
  },
})

async function open(context: BrowserContext, { url }: Stack, name: string, path: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url + path)
  await signIn(page, name)
  await page.waitForURL(url + path)
  return page
}

/** Lets the page record when its event stream ends and when its calls are refused. */
const watch = `new Promise((resolve) => {
  globalThis.ended = new Promise((end) => {
    const source = new EventSource('/events')
    source.onmessage = () => resolve()
    source.onerror = () => { source.close(); fetch('/').then(({ status }) => end({ at: Date.now(), status })) }
  })
})`

t.test('an operator ends a session in one browser, and the other browser loses access', async (t) => {
  const max = await open(await openChromium(t), stack, 'Max Muster', '/')
  await max.evaluate(watch)
  const jane = await open(await openChromium(t), stack, 'Jane Doe', '/.stagedoor/admin/sessions?text=max')
  const clickedAt = Date.now()
  await jane.getByRole('button', { name: 'This session of max@example.com' }).click()
  const { at, status } = await max.evaluate<{ at: number; status: number }>('globalThis.ended')
  t.comment(`the other browser was out ${at - clickedAt} ms after the click`)
  t.equal(status, 401, 'the stream has ended, and the next call is refused')
  await jane.getByRole('status').getByText('The sessions have been ended.').waitFor()
  await forgetAtLoginService(max.context())
  await max.reload()
  await max.getByRole('button', { name: 'Max Muster' }).waitFor()
  t.pass('the page asks for a login')
  const record = stack.records().find(({ event }) => event === 'revocation')
  t.match(record, { channel: 'admin', principal: { name: 'Jane Doe' } }, 'who did it is on record')
})

t.test('a console that requires a second factor asks for it in the browser, and acts only after it', async (t) => {
  const allow = { all: [{ roles: ['stagedoor-admin'] }, { mfa: { within: '15m' } }] }
  const strict = await startStack(t, { config: { routes, admin: { allow } } })
  const context = await openChromium(t)
  const page = await context.newPage()
  await page.goto(`${strict.url}/.stagedoor/admin/sessions`)
  await signIn(page, 'Jane Doe')
  await page.getByLabel(/code/i).fill('123456')
  t.equal(strict.records().filter(({ event }) => event === 'step-up').length, 0, 'not before the code is sent')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(`${strict.url}/.stagedoor/admin/sessions`)
  await page.getByRole('button', { name: 'This session of jane@example.com' }).first().waitFor()
  t.match(
    strict.records().find(({ event }) => event === 'step-up'),
    { principal: { name: 'Jane Doe' } },
    'the second factor is on record',
  )
})

t.test('the overview shows new events without a reload, in the reader’s time zone', async (t) => {
  const jane = await open(await openChromium(t), stack, 'Jane Doe', '/.stagedoor/admin/')
  const context = await openChromium(t)
  await open(context, stack, 'Max Muster', '/seen-from-afar')
  const row = jane.getByRole('row').filter({ hasText: '/seen-from-afar' }).first()
  await row.waitFor()
  t.match(await row.innerText(), 'GMT+9')
})

t.test('a refused person switches to another account with one button', async (t) => {
  const page = await open(await openChromium(t), stack, 'Max Muster', '/closed/x')
  await page.getByText('You need the role platform-admin.').waitFor()
  await page.getByRole('button', { name: 'Use another account' }).click()
  await signIn(page, 'Jane Doe')
  await page.waitForURL(`${stack.url}/closed/x`)
  t.equal(await page.title(), 'portal')
})

t.test('a blocked person sees the reason, and signs in with another account', async (t) => {
  const page = await (await openChromium(t)).newPage()
  await page.goto(`${stack.url}/`)
  await signIn(page, 'Bob Blocked')
  await page.getByText('The login service says: “user is blocked”').waitFor()
  await page.getByRole('button', { name: 'Use another account' }).click()
  await signIn(page, 'Max Muster')
  await page.waitForURL(`${stack.url}/`)
  t.equal(await page.title(), 'portal')
})

t.test('the account page ends one other session, all others or all, and confirms it', async (t) => {
  const here = await open(await openChromium(t), stack, 'Eve Unverified', '/.stagedoor/')
  const elsewhere = async () => open(await openChromium(t), stack, 'Eve Unverified', '/')
  const first = await elsewhere()
  await here.reload()
  await here.getByRole('button', { name: /^End the session on/ }).click()
  await here.getByText('One session has been ended.').waitFor()
  const statusOf = (page: Page) => page.evaluate<number>(`fetch('/').then(({ status }) => status)`)
  t.equal(await statusOf(first), 401)
  const others = [await elsewhere(), await elsewhere()]
  await here.reload()
  await here.getByRole('button', { name: 'End all other sessions' }).click()
  await here.getByText('2 sessions have been ended.').waitFor()
  for (const page of others) t.equal(await statusOf(page), 401)
  const last = await elsewhere()
  await here.getByRole('link', { name: 'Sign out everywhere' }).click()
  await here.getByText('This ends your sessions in all browsers').waitFor()
  await here.getByRole('button', { name: 'Sign out everywhere' }).click()
  await here.getByText('You are signed out everywhere').waitFor()
  t.equal(await statusOf(last), 401)
})
