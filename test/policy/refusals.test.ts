import t from 'tap'

import type { Requirement } from '../../src/config/options/requirement.ts'
import { secondFactorOf } from '../../src/policy/mfa-condition.ts'
import { missingSentence } from '../../src/policy/missing-rights.ts'
import { anonymous, machine, now, policyOf, user, userWithMfa } from './support.ts'

const sentences: [Requirement, string][] = [
  [{ roles: ['admin'] }, 'You need the role admin.'],
  [{ roles: ['a', 'b', 'c'] }, 'You need the role a, b or c.'],
  [{ groups: ['sre'] }, 'You need to be in the group sre.'],
  [{ permissions: ['p'] }, 'You need the permission p.'],
  [{ scopes: ['s', 't'] }, 'You need a token with the scope s or t.'],
  [{ organizations: ['org_1'] }, 'You need to be signed in for the organization org_1.'],
  [{ emailDomains: ['example.com'] }, 'You need a verified e-mail address at example.com.'],
  [{ mfa: {} }, 'You need a second factor.'],
  [{ mfa: { within: 900_000 } }, 'You need a second factor from the last 15m.'],
  [{ kind: 'machine' }, 'You need to be a program with its own token.'],
  [{ not: { kind: 'user' } }, 'You need an account that is not kept out of this.'],
  [{ subjects: ['auth0|boss'] }, 'You need to be one of the people named for this.'],
  [{ claims: { 'https://x/secret-project': ['y'] } }, 'You need an account with a property that yours does not have.'],
  [{ all: [{ roles: ['a'] }, { groups: ['b'] }] }, 'You need the role a and to be in the group b.'],
  [{ any: [{ roles: ['a'] }, { groups: ['b'] }] }, 'You need the role a or to be in the group b.'],
  [{ all: [{ roles: ['a'] }, { kind: 'user' }] }, 'You need the role a.'],
  [
    { all: [{ roles: ['a'] }, { any: [{ groups: ['b'] }, { mfa: {} }] }] },
    'You need the role a and (to be in the group b or a second factor).',
  ],
  [
    { any: [{ roles: ['a'] }, { any: [{ groups: ['b'] }, { mfa: {} }] }] },
    'You need the role a or to be in the group b or a second factor.',
  ],
]
t.test('a refusal names the missing right, and neither other people nor claims', async (t) => {
  for (const [requirement, sentence] of sentences) t.equal(missingSentence(requirement, user(), now), sentence)
  t.equal(missingSentence({ kind: 'user' }, machine(), now), 'You need to be signed in as a person.')
  t.equal(missingSentence({ kind: 'user' }, user(), now), undefined)
})

t.test('the contact comes from the rule, or else from the general setting', async (t) => {
  const policy = policyOf(
    [
      { name: 'a', path: '/a', allow: { roles: ['r'] }, contact: 'the A team' },
      { name: 'b', path: '/b', allow: { roles: ['r'] } },
    ],
    'the owners',
  )
  const refusal = (rule?: string) =>
    policy.refusalFor(user(), { effect: 'deny', reason: 'role-missing', ...(rule !== undefined && { rule }) }, now)
  t.same(refusal('a'), { missing: 'You need the role r.', contact: 'the A team' })
  t.same(refusal('b'), { missing: 'You need the role r.', contact: 'the owners' })
  t.same(refusal(), { contact: 'the owners' })
  t.same(policy.refusalFor(anonymous, { effect: 'deny', reason: 'unauthenticated', rule: 'b' }, now), {
    contact: 'the owners',
  })
})

t.test('a refused person at the console sees the missing right and the contact', async (t) => {
  const policy = policyOf([{ name: 'a', path: '/a', allow: 'public' }])
  t.same(policy.adminRefusalFor(user(), now), {
    missing: 'You need the role stagedoor-admin.',
    contact: 'the owners',
  })
  t.same(policy.adminRefusalFor(anonymous, now), { contact: 'the owners' })
})

t.test('a person who lacks nothing any more sees only the contact', async (t) => {
  const policy = policyOf([{ name: 'a', path: '/a', allow: { roles: ['r'] } }])
  const late = { effect: 'deny', reason: 'role-missing', rule: 'a' } as const
  t.same(policy.refusalFor(user({ roles: ['r'] }), late, now), { contact: 'the owners' })
})

t.test('an administrator is a caller who meets admin.allow, never an anonymous one', async (t) => {
  const policy = policyOf([{ name: 'a', path: '/a', allow: 'public' }])
  t.equal(policy.mayAdminister(user({ roles: ['stagedoor-admin'] }), now), true)
  t.equal(policy.mayAdminister(user(), now), false)
  t.equal(policy.mayAdminister(anonymous, now), false)
})

const stepUps: [Requirement, ReturnType<typeof secondFactorOf>][] = [
  [{ mfa: {} }, {}],
  [{ mfa: { within: 60_000 } }, { withinMs: 60_000 }],
  [{ roles: ['a'] }, undefined],
  [{ all: [{ roles: ['a'] }, { mfa: {} }] }, {}],
  [{ all: [{ mfa: { within: 900_000 } }, { any: [{ mfa: { within: 60_000 } }, { mfa: {} }] }] }, { withinMs: 60_000 }],
  [{ any: [{ roles: ['a'] }, { groups: ['b'] }] }, undefined],
  [{ not: { mfa: {} } }, undefined],
]
t.test('of several second factors the strictest is requested', async (t) => {
  for (const [requirement, expected] of stepUps) t.same(secondFactorOf(requirement), expected)
})

t.test('a second factor is requested only from people, and only if nothing else is missing', async (t) => {
  const policy = policyOf([
    { name: 'a', path: '/a', allow: { all: [{ roles: ['r'] }, { mfa: { within: '5m' } }] } },
    { name: 'm', path: '/m', allow: { mfa: {} } },
    { name: 'open', path: '/open', allow: 'authenticated' },
  ])
  const secondFactor = (who: Parameters<typeof policy.secondFactorFor>[0], path: string) =>
    policy.secondFactorFor(who, { method: 'GET', path, host: '' }, now)
  t.same(secondFactor(user({ roles: ['r'] }), '/a'), { withinMs: 300_000 })
  t.equal(secondFactor(user(), '/a'), undefined)
  t.equal(secondFactor(userWithMfa(1, { roles: ['r'] }), '/a'), undefined)
  t.equal(secondFactor(machine(), '/m'), undefined)
  t.equal(secondFactor(anonymous, '/m'), undefined)
  t.equal(secondFactor(user(), '/open'), undefined)
  t.equal(secondFactor(user(), '/nowhere'), undefined)
})
