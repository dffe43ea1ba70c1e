import t from 'tap'

import { errorTable } from '../../src/errors/error-table.ts'
import { fromFramework, GatewayError } from '../../src/errors/gateway-error.ts'
import { problem } from '../../src/errors/problem.ts'

t.test('every error has a complete sentence with the event and the remedy', async (t) => {
  for (const [code, { status, sentence, remedy }] of Object.entries(errorTable)) {
    t.match(code, /^STAGEDOOR_[A-Z]+(?:_[A-Z]+)*$/)
    t.ok(status >= 400 && status < 600, code)
    t.match(sentence, /^[A-Z].*[.]$/, code)
    t.match(remedy, /^[A-Z].*[.]$/, code)
  }
})

t.test('the body for programs follows RFC 9457', async (t) => {
  const error = new GatewayError('STAGEDOOR_POLICY_UNAUTHENTICATED', { reason: 'unauthenticated' })
  t.same(problem(error, 'r-1', 'https://p/.stagedoor/login'), {
    type: 'about:blank',
    title: 'You have to sign in for this.',
    status: 401,
    detail: 'Sign in, then try again.',
    code: 'STAGEDOOR_POLICY_UNAUTHENTICATED',
    request_id: 'r-1',
    reason: 'unauthenticated',
    login_url: 'https://p/.stagedoor/login',
  })
})

t.test('detail goes only to the log unless it is marked public', async (t) => {
  const secret = new GatewayError('STAGEDOOR_INTERNAL', { detail: 'db at 10.0.0.1' })
  t.equal(secret.message, 'db at 10.0.0.1')
  t.notMatch(JSON.stringify(problem(secret, 'r')), '10.0.0.1')
  const open = new GatewayError('STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER', { publicDetail: 'iss is wrong' })
  t.match(problem(open, 'r').detail, /^iss is wrong\. /)
})

t.test('an error keeps its cause and its headers', async (t) => {
  const cause = new Error('x')
  const error = new GatewayError('STAGEDOOR_PROXY_OVERLOADED', { cause, headers: { 'Retry-After': '1' } })
  t.equal(error.cause, cause)
  t.same(error.headers, { 'Retry-After': '1' })
  t.equal(new GatewayError('STAGEDOOR_INTERNAL').cause, undefined)
})

t.test('a refusal of the framework is a client error if it is one, else an internal error', async (t) => {
  t.equal(fromFramework({ code: 'FST_ERR_CTP_BODY_TOO_LARGE' }).code, 'STAGEDOOR_BOUNDARY_BODY_TOO_LARGE')
  t.equal(fromFramework({ code: 'FST_ERR_BAD_URL' }).statusCode, 400)
  t.equal(fromFramework(Object.assign(new TypeError('oops'), { code: undefined })).code, 'STAGEDOOR_INTERNAL')
  t.equal(fromFramework({ code: 'ERR_SOMETHING' }).reason, 'ERR_SOMETHING')
})
