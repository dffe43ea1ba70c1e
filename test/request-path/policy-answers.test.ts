import { decodeJwt } from 'jose'
import t from 'tap'

import { demoUsers } from '../../auth0/local/seed.ts'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const routes = [
  { name: 'secret-rule-name', path: '/api/sre/**', allow: { groups: ['sre'] }, contact: 'the SRE team (#sre)' },
  {
    name: 'leads',
    path: '/api/leads',
    allow: { all: [{ roles: ['lead'] }, { not: { subjects: ['auth0|mallory'] } }] },
  },
  { name: 'tier', path: '/api/tier', allow: { claims: { 'https://*/tier': ['gold'] } } },
  { name: 'permitted', path: '/api/permitted', allow: { permissions: ['admin:platform'] } },
  { name: 'robots', path: '/robots.txt', allow: 'public' },
  { name: 'rest', path: '/api/**', allow: 'authenticated' },
]
const config = { routes, policy: { contact: 'the owners <of> this' } }

t.test('a refusal page says what is missing and whom to ask, and reveals no rules', async (t) => {
  const stack = await startStack(t, { config })
  const { browser } = await stack.signIn('max@example.com', undefined, '/robots.txt')
  await stack.signIn('max@example.com', browser, '/api/x')
  const page = await browser.open(`${stack.url}/api/sre/x`)
  t.equal(page.status, 403)
  t.match(page.text, 'You need to be in the group sre.')
  t.match(page.text, 'Ask the SRE team (#sre) for access.')
  t.match(page.text, 'STAGEDOOR_POLICY_DENIED')
  t.match(page.text, page.headers.get('x-request-id') ?? 'no request id')
  t.notMatch(page.text, 'secret-rule-name')
  t.notMatch(page.text, 'How this was decided')

  const leads = await browser.open(`${stack.url}/api/leads`)
  t.match(leads.text, 'Ask the owners &#60;of&#62; this for access.')
  t.notMatch(leads.text, 'mallory')
})

t.test('a refused script gets the same facts as problem JSON', async (t) => {
  const stack = await startStack(t, { config })
  const { browser } = await stack.signIn('max@example.com', undefined, '/api/x')
  const refused = await browser.fetch(`${stack.url}/api/sre/x`)
  t.equal(refused.status, 403)
  t.match(JSON.parse(refused.text), {
    status: 403,
    code: 'STAGEDOOR_POLICY_DENIED',
    reason: 'group-missing',
    detail: 'You need to be in the group sre. Ask the SRE team (#sre) for access.',
    request_id: refused.headers.get('x-request-id'),
  })
  t.notMatch(refused.text, /secret-rule-name|explanation|login_url/)
  const nowhere = JSON.parse((await browser.fetch(`${stack.url}/elsewhere`)).text)
  t.match(nowhere, { reason: 'no-rule', detail: 'Ask the owners <of> this for access.' })
})

t.test('a refusal page explains the decision to an administrator', async (t) => {
  const stack = await startStack(t, { config })
  const { browser } = await stack.signIn('jane@example.com', undefined, '/api/x')
  const page = await browser.open(`${stack.url}/api/sre/x`)
  t.match(page.text, 'How this was decided')
  t.match(page.text, 'secret-rule-name')
  t.match(page.text, '[ ] groups: wanted sre; has ')
  const refused = JSON.parse((await browser.fetch(`${stack.url}/api/sre/x`)).text)
  t.match(refused.explanation[0], 'GET /api/sre/x at localhost:')
})

t.test('an administrator can ask for explanations of decisions about themselves and about other people', async (t) => {
  const stack = await startStack(t, { config })
  const { browser } = await stack.signIn('jane@example.com', undefined, '/api/x')
  const url = `${stack.url}/.stagedoor/admin/policy/explain`
  const own = await browser.fetch(`${url}?method=POST&path=/api/leads&host=Portal.example.com`)
  t.equal(own.status, 200)
  t.match(JSON.parse(own.text), {
    principal: 'user',
    asked: { method: 'POST', path: '/api/leads', host: 'portal.example.com' },
    decision: { effect: 'deny', reason: 'role-missing', rule: 'leads' },
    rules: [
      { rule: 'secret-rule-name', isMatch: false },
      { rule: 'leads', isMatch: true },
    ],
    text: [
      'POST /api/leads at portal.example.com: deny role-missing by rule leads',
      '  1. secret-rule-name  no match: path is /api/leads, not /api/sre/**',
      '  2. leads             match, with a requirement:',
      '        [ ] all of',
      '            [ ] roles: wanted lead; has ',
      '            [x] not',
      '                [ ] subjects: wanted auth0|mallory; has ',
    ],
  })
  const asked = async (body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await browser.fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.status, body: JSON.parse(answer.text) }
  }
  t.match(await asked({ path: '/api/sre/x', claims: { groups: ['sre'] } }), {
    status: 200,
    body: { decision: { effect: 'allow', rule: 'secret-rule-name' } },
  })
  t.match(await asked({ path: '/api/x', claims: {} }), {
    body: { principal: 'anonymous', decision: { reason: 'unauthenticated' } },
  })
  const { body: oddly } = await asked({ path: '/api//x' })
  t.match(oddly, { decision: { effect: 'allow' }, pathRefused: 'empty-segment' })
  t.match(oddly.text.at(-1), /^400 whatever the rules decide: .* paths: as-is/)
  for (const [question, complaint] of [
    [{}, 'path is missing'],
    [{ path: '/a/../b' }, 'dot-segment'],
    [{ path: '/a', method: 'get' }, 'method'],
    [{ path: '/a', method: 7 }, 'method'],
    [{ path: '/a', host: 7 }, 'host'],
    [{ path: '/a', claims: ['x'] }, 'claims'],
    [{ path: '/a', claims: null }, 'claims'],
  ] as const) {
    t.match(await asked(question), { status: 400, body: { code: 'STAGEDOOR_POLICY_BAD_QUESTION', detail: complaint } })
  }
})

t.test('a caller who is no administrator gets no explanations', async (t) => {
  const stack = await startStack(t, { config })
  const url = `${stack.url}/.stagedoor/admin/policy/explain?path=/api/leads`
  t.equal((await createBrowser().fetch(url)).status, 401)
  const { browser } = await stack.signIn('max@example.com', undefined, '/api/x')
  const refused = await browser.fetch(url)
  t.equal(refused.status, 403)
  t.notMatch(refused.text, 'leads')
})

t.test(
  'rules see their claims and the permissions of the access token, and upstreams never get those claims',
  async (t) => {
    const auth0 = { audience: 'https://backstage.example.com/api' }
    const jane = demoUsers().find(({ nickname }) => nickname === 'jane')
    const stack = await startStack(t, { config: { ...config, auth0 } })
    stack.auth0.switches.setUser(jane?.id ?? '', {
      customClaims: { 'https://acme.example/tier': 'gold' },
    })
    const { browser } = await stack.signIn('jane@example.com', undefined, '/api/x')
    const tier = await browser.fetch(`${stack.url}/api/tier`)
    t.equal(tier.status, 200)
    t.equal((await browser.fetch(`${stack.url}/api/permitted`)).status, 200)
    const claims = decodeJwt(JSON.parse(tier.text).headers['x-stagedoor-assertion'])
    t.notMatch(JSON.stringify(claims), 'gold')
    t.notMatch((await browser.fetch(`${stack.url}/.stagedoor/me`)).text, 'gold')
  },
)

t.test('the assertion carries the configured groups only, and metrics count the groups left out', async (t) => {
  const assertion = { groups: { include: ['platform', '*'], max: 1 } }
  const stack = await startStack(t, { config: { assertion } })
  const { page } = await stack.signIn()
  const claims = decodeJwt(JSON.parse(page.text).headers['x-stagedoor-assertion'])
  t.same(claims['groups'], ['platform'])
  t.match(
    stack.logged.filter(({ capped }) => capped !== undefined),
    [{ level: 40, filtered: 0, capped: 1 }],
  )
  const metrics = await stack.parts.telemetry.metrics.registry.metrics()
  t.match(metrics, 'stagedoor_groups_left_out_total{why="max"} 1')
})
