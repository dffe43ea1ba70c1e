import t from 'tap'

import { answerHeaders, numberedCookies } from '../../../src/endpoints/forward-auth/answer-headers.ts'
import { createIsOwnCookie } from '../../../src/proxy/own-cookies.ts'

const isOwnCookie = createIsOwnCookie(true)
const identity = { headers: ['X-Stagedoor-Assertion', 'jws', 'X-Forwarded-User', 'jane'], replacesAuthorization: false }

const nobody = { headers: [], replacesAuthorization: false }

t.test('the upstream gets the caller’s identity and keeps its own credentials', async (t) => {
  const headers = { cookie: '__Host-stagedoor=secret; theme=dark', authorization: 'Bearer backstage' }
  t.same(answerHeaders(headers, identity, isOwnCookie), [
    ['X-Stagedoor-Assertion', 'jws'],
    ['X-Forwarded-User', 'jane'],
    ['Cookie', 'theme=dark'],
    ['Authorization', 'Bearer backstage'],
  ])
})

t.test('a Cookie header with only our cookie becomes empty', async (t) => {
  t.same(answerHeaders({ cookie: '__Host-stagedoor=secret' }, nobody, isOwnCookie), [['Cookie', '']])
  t.same(answerHeaders({}, nobody, isOwnCookie), [])
})

t.test('our Authorization replaces the client’s', async (t) => {
  const ours = { headers: ['Authorization', 'Bearer ours'], replacesAuthorization: true }
  t.same(answerHeaders({ authorization: 'Bearer theirs' }, ours, isOwnCookie), [['Authorization', 'Bearer ours']])
})

t.test('each Set-Cookie line has its own header name for proxies that read one header per name', async (t) => {
  t.same(numberedCookies(undefined), [])
  t.same(numberedCookies('a=1'), [['X-Stagedoor-Set-Cookie-1', 'a=1']])
  t.same(numberedCookies(['a=1', 'b=2']), [
    ['X-Stagedoor-Set-Cookie-1', 'a=1'],
    ['X-Stagedoor-Set-Cookie-2', 'b=2'],
  ])
})
