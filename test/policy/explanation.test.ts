import t from 'tap'

import { explanationLines } from '../../src/policy/explain.ts'
import { requirementText } from '../../src/policy/requirement.ts'
import { anonymous, machine, now, policyOf, user, userWithMfa } from './support.ts'

const policy = policyOf([
  { name: 'manifest', path: '/manifest.json', methods: ['GET'], hosts: ['portal.example.com'], allow: 'public' },
  {
    name: 'admin',
    path: '/api/admin/**',
    allow: {
      all: [{ roles: ['platform-admin', 'root'] }, { any: [{ mfa: { within: '15m' } }, { not: { kind: 'user' } }] }],
    },
  },
  { name: 'everything', path: '/api/**', allow: 'authenticated' },
])
const asked = { method: 'GET', path: '/api/admin/x', host: 'portal.example.com' }

t.test('an explanation has each rule tried, why it matched, and the result of each requirement', async (t) => {
  const jane = user({ roles: ['platform-admin'] })
  t.same(explanationLines(policy.explain(jane, asked, now)), [
    'GET /api/admin/x at portal.example.com: deny mfa-required by rule admin',
    '  1. manifest  no match: path is /api/admin/x, not /manifest.json',
    '  2. admin     match, with a requirement:',
    '        [ ] all of',
    '            [x] roles: wanted platform-admin, root; has platform-admin',
    '            [ ] any of',
    '                [ ] mfa: wanted a second factor within 15m; has no second factor',
    '                [ ] not',
    '                    [x] kind: wanted user; has user',
  ])
})

t.test('an explanation says that no rule matches, and why each did not', async (t) => {
  const question = { method: 'POST', path: '/manifest.json', host: 'other.example' }
  t.same(explanationLines(policy.explain(anonymous, question, now)), [
    'POST /manifest.json at other.example: deny no-rule',
    '  1. manifest    no match: method is POST, not GET; host is other.example, not portal.example.com',
    '  2. admin       no match: path is /manifest.json, not /api/admin/**',
    '  3. everything  no match: path is /manifest.json, not /api/**',
    'no rule matches, so access is refused',
  ])
})

const last = (who: Parameters<typeof policy.explain>[0], path: string): string | undefined =>
  explanationLines(policy.explain(who, { ...asked, path }, now)).at(-1)

t.test('public, signed-in and anonymous are distinguished', async (t) => {
  t.equal(last(anonymous, '/manifest.json'), '  1. manifest  match: it is public')
  t.equal(last(user(), '/api/x'), '  3. everything  match: the caller is signed in')
  t.equal(
    last(anonymous, '/api/admin'),
    '  2. admin     match: there is a requirement, and the caller is not signed in',
  )
})

t.test('an explanation without a host shows none', async (t) => {
  t.equal(
    explanationLines(policy.explain(user(), { ...asked, path: '/api', host: '' }, now))[0],
    'GET /api: allow by rule everything',
  )
})

const found: [string, Record<string, unknown>, ReturnType<typeof user> | ReturnType<typeof machine>, string][] = [
  [
    'a second factor of some age',
    { mfa: {} },
    userWithMfa(2),
    'mfa: wanted a second factor; has a second factor 120s ago',
  ],
  [
    'one from the future',
    { mfa: {} },
    userWithMfa(-2),
    'mfa: wanted a second factor; has a second factor 120s in the future',
  ],
  [
    'one without a time',
    { mfa: {} },
    user({ amr: ['mfa'] }),
    'mfa: wanted a second factor; has a second factor at an unknown time',
  ],
  ['none of a machine', { mfa: {} }, machine(), 'mfa: wanted a second factor; has no second factor'],
  [
    'claims',
    { claims: { a: ['x', 1], 'https://*/b': [true] } },
    user({ custom: { a: ['y', 'y'], 'https://h/b': false } }),
    'claims: wanted a: x, 1; https://*/b: true; has a: "y"; https://*/b: false',
  ],
  ['no claims', { claims: { a: ['x'] } }, user(), 'claims: wanted a: x; has a: none'],
  [
    'a long list, cut short',
    { groups: ['z'] },
    user({ groups: Array.from({ length: 23 }, (_, i) => `g${i}`) }),
    `groups: wanted z; has ${Array.from({ length: 20 }, (_, i) => `g${i}`).join(', ')} and 3 more`,
  ],
]
for (const [what, allow, who, expected] of found) {
  t.test(`an explanation shows ${what}`, async (t) => {
    const only = policyOf([{ name: 'it', path: '/**', allow }])
    t.equal(
      explanationLines(only.explain(who, asked, now))
        .at(-1)
        ?.trim()
        .slice(4),
      expected,
    )
  })
}

t.test('a requirement fits on one line', async (t) => {
  t.equal(
    requirementText({
      all: [{ roles: ['a', 'b'] }, { not: { any: [{ groups: ['c'] }, { mfa: { within: 60_000 } }] } }],
    }),
    'roles: a, b and not (groups: c or mfa: a second factor within 1m)',
  )
  t.equal(requirementText({ any: [{ kind: 'user' }, { all: [{ scopes: ['s'] }] }] }), 'kind: user or (scopes: s)')
})
