import t from 'tap'
import { request } from 'undici'

import { startStack } from '../support/stack.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const senders: [string, Record<string, string>][] = [
  ['a browser with fetch metadata', { ...form, 'sec-fetch-mode': 'navigate', accept: 'text/html' }],
  ['a browser without', { ...form, accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }],
  ['a browser that sends a file', { 'content-type': 'multipart/form-data; boundary=x', accept: 'text/html' }],
]

for (const [who, headers] of senders) {
  t.test(`a form from ${who} without a session gets a page with that reason, and no redirect`, async (t) => {
    const stack = await startStack(t)
    // fetch would write its own Sec-Fetch-Mode.
    const answer = await request(`${stack.url}/create`, { method: 'POST', headers, body: 'a=b' })
    t.equal(answer.statusCode, 401)
    t.match(answer.headers, { 'content-type': /^text\/html/, 'cache-control': 'no-store' })
    t.equal(answer.headers['set-cookie'], undefined, 'no login is started')
    const text = await answer.body.text()
    t.match(text, /Your session is over, and your input was not sent/)
    t.match(text, /STAGEDOOR_POLICY_FORM_NOT_SENT/)
    t.match(text, new RegExp(`href="${stack.url}/.stagedoor/login\\?return_to=`))
  })
}

t.test('a script that posts without a session gets JSON', async (t) => {
  const stack = await startStack(t)
  for (const headers of [
    { accept: 'application/json' },
    { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' },
  ]) {
    const answer = await request(`${stack.url}/create`, { method: 'POST', headers: headers as Record<string, string> })
    t.equal(answer.statusCode, 401)
    t.equal(((await answer.body.json()) as { code: string }).code, 'STAGEDOOR_POLICY_UNAUTHENTICATED')
  }
})
