import t from 'tap'

import { readChallenge } from '../../plugins/app-module-stagedoor/src/challenge.ts'

function answer(body: unknown, status = 401, type = 'application/problem+json; charset=utf-8'): Response {
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    headers: { 'content-type': type },
  })
}

const loginUrl = 'https://portal/.stagedoor/login?return_to=x'
const stepUp = { code: 'STAGEDOOR_POLICY_STEP_UP_REQUIRED', reason: 'mfa-required' }

t.test('only Stagedoor’s answers about the session or a second factor are challenges', async (t) => {
  const table: [string, Response, unknown][] = [
    ['no session', answer({ code: 'STAGEDOOR_POLICY_UNAUTHENTICATED' }), { kind: 'session-over' }],
    ['no session at an endpoint of ours', answer({ code: 'STAGEDOOR_SESSION_REQUIRED' }), { kind: 'session-over' }],
    ['a second factor', answer({ ...stepUp, login_url: loginUrl }), { kind: 'step-up', loginUrl }],
    ['one without an address', answer(stepUp), { kind: 'step-up', loginUrl: undefined }],
    ['another 401 of ours', answer({ code: 'STAGEDOOR_BEARER_INVALID' }), undefined],
    ['a 403 of ours', answer({ code: 'STAGEDOOR_POLICY_UNAUTHENTICATED' }, 403), undefined],
    ['Backstage’s own 401', answer({ error: { name: 'AuthenticationError' } }, 401, 'application/json'), undefined],
    ['a 401 without a type', new Response(null, { status: 401 }), undefined],
    ['a problem of somebody else', answer({ code: 'OTHER', reason: 'mfa-required' }), undefined],
    ['a problem without a code', answer({ title: 'x' }), undefined],
    ['a problem that is no object', answer('"STAGEDOOR_SESSION_REQUIRED"'), undefined],
    ['a problem that is null', answer('null'), undefined],
    ['a problem that is no JSON', answer('<html>'), undefined],
  ]
  for (const [what, response, expected] of table) {
    t.same(await readChallenge(response), expected, what)
    t.equal(response.bodyUsed, false, 'the caller can still read it')
  }
})
