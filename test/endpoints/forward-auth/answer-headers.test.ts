import t from 'tap'

import { answerHeaders, numberedCookies } from '../../../src/endpoints/forward-auth/answer-headers.ts'
import { createIsOwnCookie } from '../../../src/proxy/own-cookies.ts'

const isOwnCookie = createIsOwnCookie(true)
const identity = { headers: ['X-Stagedoor-Assertion', 'jws', 'X-Forwarded-User', 'jane'], replacesAuthorization: false }

const nobody = { headers: [], replacesAuthorization: false }

t.test('the upstream is told who is asking, and keeps the credentials that are its own', async (t) => {
  const headers = { cookie: '__Host-stagedoor=secret; theme=dark', authorization: 'Bearer backstage' }
  t.same(answerHeaders(headers, identity, isOwnCookie), [
    ['X-Stagedoor-Assertion', 'jws'],
    ['X-Forwarded-User', 'jane'],
    ['Cookie', 'theme=dark'],
    ['Authorization', 'Bearer backstage'],
  ])
})

t.test('our own cookie alone leaves an empty one to send', async (t) => {
  t.same(answerHeaders({ cookie: '__Host-stagedoor=secret' }, nobody, isOwnCookie), [['Cookie', '']])
  t.same(answerHeaders({}, nobody, isOwnCookie), [])
})

t.test('an Authorization of ours replaces the client’s', async (t) => {
  const ours = { headers: ['Authorization', 'Bearer ours'], replacesAuthorization: true }
  t.same(answerHeaders({ authorization: 'Bearer theirs' }, ours, isOwnCookie), [['Authorization', 'Bearer ours']])
})

t.test('each line of Set-Cookie has a name of its own for proxies that read one header by one name', async (t) => {
  t.same(numberedCookies(undefined), [])
  t.same(numberedCookies('a=1'), [['X-Stagedoor-Set-Cookie-1', 'a=1']])
  t.same(numberedCookies(['a=1', 'b=2']), [
    ['X-Stagedoor-Set-Cookie-1', 'a=1'],
    ['X-Stagedoor-Set-Cookie-2', 'b=2'],
  ])
})
