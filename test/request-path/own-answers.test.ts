import t from 'tap'

import type { Browser } from '../support/browser.ts'
import { exchange } from '../support/raw.ts'
import { type Stack, startStack } from '../support/stack.ts'

const page = 'text/html; charset=utf-8'
const json = 'application/json; charset=utf-8'
const problem = 'application/problem+json'
const keySet = 'application/jwk-set+json; charset=utf-8'
type Row = [what: string, path: string, asker: 'person' | 'script', status: number, type: string]

/** Every way in which Stagedoor itself answers with a body. */
const rows: Row[] = [
  ['a page', '/.stagedoor/', 'person', 200, page],
  ['a page of an error', '/.stagedoor/nowhere', 'person', 404, page],
  ['a problem', '/.stagedoor/nowhere', 'script', 404, problem],
  ['a refusal by a rule', '/admin-only', 'script', 403, problem],
  ['the account as JSON', '/.stagedoor/me', 'script', 200, json],
  ['public keys', '/.stagedoor/jwks.json', 'script', 200, keySet],
  ['a probe', '/.stagedoor/health/live', 'script', 200, json],
  ['sessions as JSON', '/.stagedoor/admin/sessions', 'script', 200, json],
]

const routes = [
  { name: 'admin-only', path: '/admin-only', allow: { roles: ['nobody'] } },
  { name: 'all', path: '/**', allow: 'authenticated' },
]

t.test('every answer of our own has its Content-Type and nosniff', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  const { browser } = await stack.signIn()
  for (const [what, path, asker, status, type] of rows) {
    const answer = await (asker === 'person' ? browser.step(stack.url + path) : browser.fetch(stack.url + path))
    t.equal(answer.status, status, what)
    t.equal(answer.headers.get('content-type'), type, what)
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff', what)
  }
})

t.test('answers about a person are never cached', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  const { browser } = await stack.signIn()
  const personal = ['/.stagedoor/', '/.stagedoor/me', '/.stagedoor/admin/sessions', '/admin-only']
  for (const path of personal) t.match(await cacheControlOf(stack, browser, path), 'no-store', path)
})

async function cacheControlOf(stack: Stack, browser: Browser, path: string): Promise<string | null> {
  const { headers } = await browser.fetch(stack.url + path)
  return headers.get('cache-control')
}

const unread: [what: string, request: string][] = [
  ['a method that is not forwarded', 'TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
  ['no HTTP at all', 'hello\r\n\r\n'],
]

t.test('an answer to an unreadable request has its Content-Type and nosniff, too', async (t) => {
  const stack = await startStack(t)
  for (const [what, request] of unread) {
    const answer = await exchange(stack.url, request)
    t.match(answer, /^HTTP\/1.1 4/, what)
    for (const line of [`content-type: ${problem}`, 'x-content-type-options: nosniff', 'cache-control: no-store'])
      t.match(answer.toLowerCase(), `\r\n${line}\r\n`, what)
  }
})
