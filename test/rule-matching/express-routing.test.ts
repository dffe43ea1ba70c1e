import assert from 'node:assert/strict'

import * as fc from 'fast-check'
import t from 'tap'

import { matchKey, createPathMatcher } from '../../src/rule-matching/paths.ts'
import {
  methods,
  patterns,
  patternsFor,
  plainPaths,
  respellings,
  respellingsOf,
  ruleLists,
} from '../policy/arbitraries.ts'
import { expressRouting } from '../policy/express.ts'
import { isCanonical, anonymous, now, policyOf } from '../policy/support.ts'

const covers = (pattern: string, path: string): boolean => createPathMatcher(pattern)(matchKey(path))

/** A pattern, and a spelling of a path that it matches. */
const related = plainPaths.chain((path) => fc.tuple(patternsFor(path), respellingsOf(path)))

t.test('a rule covers exactly the requests that Express routes to that path', async (t) => {
  let compared = 0
  fc.assert(
    fc.property(fc.oneof(related, fc.tuple(patterns, respellings)), ([path, spelling]) => {
      if (!isCanonical(spelling)) return
      compared++
      const isRouted = expressRouting([{ name: 'it', path }])('GET', spelling) !== undefined
      assert.equal(covers(path, spelling), isRouted, `${path} and ${spelling}`)
    }),
    { numRuns: 4000 },
  )
  t.ok(compared > 500, `${compared} spellings got as far as the rules`)
})

t.test('every accepted spelling matches the rule of the route that Express selects', async (t) => {
  const written = ruleLists.map((rules) => rules.map((rule) => ({ ...rule, hosts: undefined })))
  let compared = 0
  fc.assert(
    fc.property(written, methods, fc.oneof(plainPaths, respellings), (rules, method, spelling) => {
      if (!isCanonical(spelling)) return
      compared++
      const decision = policyOf(rules).decide(anonymous, { method, path: spelling, host: '' }, now)
      assert.equal(decision.rule, expressRouting(rules)(method, spelling), `${method} ${spelling}`)
    }),
    { numRuns: 2000 },
  )
  t.ok(compared > 300, `${compared} spellings got as far as the rules`)
})

t.test('no escape lets a parameter bypass the rule for its value', async (t) => {
  const character = fc.constantFrom(...`abcXYZ019-._~!$&'()*+,;=:@"<>^\`{|}?#[]`.split(''))
  const escaped = fc.tuple(character, fc.boolean(), fc.boolean()).map(([one, isEscaped, isUpper]) => {
    const hex = one.charCodeAt(0).toString(16).padStart(2, '0')
    return isEscaped ? `%${isUpper ? hex.toUpperCase() : hex}` : one
  })
  let compared = 0
  fc.assert(
    fc.property(fc.array(escaped, { minLength: 1, maxLength: 6 }), (parts) => {
      const path = `/users/${parts.join('')}`
      if (!isCanonical(path) || /[?#]/.test(path)) return
      compared++
      // The value that Express passes to the handler, written as in a rule.
      const value = decodeURIComponent(path.slice('/users/'.length))
      const named = `/users/${encodeURIComponent(value)}`
      assert.ok(covers(named, path), `${named} and ${path}`)
    }),
    { numRuns: 3000 },
  )
  t.ok(compared > 300, `${compared} spellings got as far as the rules`)
})
