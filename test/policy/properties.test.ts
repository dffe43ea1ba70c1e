import assert from 'node:assert/strict'

import * as fc from 'fast-check'
import t from 'tap'

import { shadowersOf } from '../../src/config/unreachable-rules.ts'
import { denyReasons } from '../../src/policy/deny-reasons.ts'
import { principals, questions, respellings, ruleLists } from './arbitraries.ts'
import { isCanonical, now, policyOf, rules } from './support.ts'

t.test('every request is allowed by a rule or denied with a reason of the list', async (t) => {
  fc.assert(
    fc.property(ruleLists, principals, questions, fc.string(), (written, principal, asked, anything) => {
      for (const path of [asked.path, anything]) {
        const decision = policyOf(written).decide(principal, { ...asked, path }, now)
        const isAllowed = decision.effect === 'allow' && written.some(({ name }) => name === decision.rule)
        assert.ok(isAllowed || (decision.effect === 'deny' && denyReasons.includes(decision.reason)))
      }
    }),
  )
  t.pass('for every case tried')
})

t.test('a rule added below never changes the decision of a rule above', async (t) => {
  fc.assert(
    fc.property(ruleLists, ruleLists, principals, questions, (above, below, principal, asked) => {
      const before = policyOf(above).decide(principal, asked, now)
      const renamed = below.map((rule) => ({ ...rule, name: `below-${rule.name}` }))
      const after = policyOf([...above, ...renamed]).decide(principal, asked, now)
      if (before.rule !== undefined) assert.deepEqual(after, before)
      else assert.doesNotMatch(after.rule ?? '', /^r\d/)
    }),
  )
  t.pass('for every case tried')
})

t.test('an explanation has the same decision as the gateway', async (t) => {
  fc.assert(
    fc.property(ruleLists, principals, questions, (written, principal, asked) => {
      const policy = policyOf(written)
      const { decision, rules: tried } = policy.explain(principal, asked, now)
      assert.deepEqual(decision, policy.decide(principal, asked, now))
      const last = tried.at(-1)
      assert.equal(last?.isMatch ? last.rule : undefined, decision.rule)
      if (last?.isMatch && last.requirement !== undefined) {
        assert.equal(last.requirement.isMet, decision.effect === 'allow')
      }
    }),
  )
  t.pass('for every case tried')
})

t.test('every accepted spelling gets the same decision as the plain one', async (t) => {
  fc.assert(
    fc.property(ruleLists, principals, questions, respellings, (written, principal, asked, spelling) => {
      if (!isCanonical(spelling)) return
      const policy = policyOf(written)
      const plain = decodeURI(spelling)
        .toLowerCase()
        .replace(/(.)\/$/, '$1')
      const path = isCanonical(plain) ? plain : spelling
      assert.deepEqual(
        policy.decide(principal, { ...asked, path: spelling }, now),
        policy.decide(principal, { ...asked, path }, now),
        `${spelling} and ${path}`,
      )
    }),
    { numRuns: 1000 },
  )
  t.pass('for every case tried')
})

t.test('no request reaches a rule that is reported as unreachable', async (t) => {
  let unreachable = 0
  fc.assert(
    fc.property(
      ruleLists,
      principals,
      fc.array(questions, { minLength: 5, maxLength: 20 }),
      (written, principal, many) => {
        const routes = rules(written)
        const dead = routes
          .filter((rule, index) => shadowersOf(rule, routes.slice(0, index)) !== undefined)
          .map(({ name }) => name)
        unreachable += dead.length
        const policy = policyOf(written)
        for (const asked of many) assert.ok(!dead.includes(policy.decide(principal, asked, now).rule ?? ''))
      },
    ),
    { numRuns: 300 },
  )
  t.ok(unreachable > 10)
})

t.test('a second factor is requested only if it helps', async (t) => {
  fc.assert(
    fc.property(ruleLists, principals, questions, (written, principal, asked) => {
      const policy = policyOf(written)
      const secondFactor = policy.secondFactorFor(principal, asked, now)
      if (secondFactor === undefined || principal.kind !== 'user') return
      const steppedUp = { ...principal, amr: ['mfa'], authTimeSeconds: now / 1000 }
      const reason = policy.decide(steppedUp, asked, now)
      assert.notEqual(reason.effect === 'deny' && reason.reason, 'mfa-required')
    }),
  )
  t.pass('for every case tried')
})
