import t from 'tap'

import type { Requirement } from '../../src/config/options/requirement.ts'
import { type DenyReason, denyReasons, rankOf } from '../../src/policy/deny-reasons.ts'
import { compileRequirement } from '../../src/policy/requirement.ts'
import { machine, now } from './support.ts'

const unmet: [DenyReason, Requirement][] = [
  ['kind-mismatch', { kind: 'user' }],
  ['organization-mismatch', { organizations: ['o'] }],
  ['subject-mismatch', { subjects: ['s'] }],
  ['email-domain-mismatch', { emailDomains: ['e'] }],
  ['role-missing', { roles: ['r'] }],
  ['group-missing', { groups: ['g'] }],
  ['permission-missing', { permissions: ['p'] }],
  ['scope-missing', { scopes: ['s'] }],
  ['claim-mismatch', { claims: { c: ['v'] } }],
  ['excluded', { not: { kind: 'machine' } }],
  ['mfa-required', { mfa: {} }],
]

t.test('the reasons of requirements are those of the list, in its order', async (t) => {
  t.same(
    unmet.map(([reason]) => reason),
    denyReasons.slice(2),
  )
  for (const [reason, requirement] of unmet) t.equal(compileRequirement(requirement)(machine(), now), reason)
})

t.test('of two required reasons the first in the list is reported, in either order of writing', async (t) => {
  for (const [a, one] of unmet) {
    for (const [b, other] of unmet) {
      const expected = rankOf(a) <= rankOf(b) ? a : b
      t.equal(compileRequirement({ all: [one, other] })(machine(), now), expected, `${a} and ${b}`)
    }
  }
})

t.test('of two alternative reasons the last in the list is reported, as the nearest to being met', async (t) => {
  for (const [a, one] of unmet) {
    for (const [b, other] of unmet) {
      const expected = rankOf(a) >= rankOf(b) ? a : b
      t.equal(compileRequirement({ any: [one, other] })(machine(), now), expected, `${a} or ${b}`)
    }
  }
})
