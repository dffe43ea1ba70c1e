import t from 'tap'

import { accessTokenOf } from '../../src/bearer/access-token.ts'
import { booleanOf, isComparable, listOf, textOf, type UnusableClaim, wellFormed } from '../../src/oidc/claim-values.ts'
import { mapUserClaims } from '../../src/oidc/map-user-claims.ts'

const names = { roles: ['roles'], groups: ['groups'], permissions: ['permissions'], preferredUsername: ['nickname'] }

const odd: [claim: string, value: unknown, expected: string, found: string][] = [
  ['email_verified', 'true', 'true or false', 'text'],
  ['email_verified', 1, 'true or false', 'a number'],
  ['email', { a: 1 }, 'text', 'an object'],
  ['name', ['Jane'], 'text', 'a list'],
  ['nickname', true, 'text', 'true or false'],
  ['roles', { a: 1 }, 'a list of text', 'an object'],
  ['groups', ['a', 7], 'a list of text', 'a number in a list'],
  ['groups', [{ name: 'a' }], 'a list of text', 'an object in a list'],
  ['groups', [null], 'a list of text', 'null in a list'],
  ['permissions', 7, 'a list of text', 'a number'],
  ['tier', { a: 1 }, 'single values', 'an object'],
  ['tier', ['a', { b: 1 }], 'single values', 'an object in a list'],
]

for (const [claim, value, expected, found] of odd) {
  t.test(`${claim}, ${found} instead of ${expected}, is reported and left out`, async (t) => {
    const reported: UnusableClaim[] = []
    const onUnusable = (unusable: UnusableClaim) => void reported.push(unusable)
    const mapped = mapUserClaims({ [claim]: value }, { ...names, custom: ['tier'], onUnusable })
    t.same(reported, [{ claim, expected, found }])
    t.notMatch(JSON.stringify(mapped), /true|7|null|"b"|Jane/)
  })
}

t.test('a missing, empty or null claim is not reported', async (t) => {
  const onUnusable = () => t.fail('nothing is odd here')
  const claims = {
    email: '',
    name: null,
    email_verified: null,
    roles: '',
    groups: null,
    permissions: [''],
    tier: ['a', 1, true],
  }
  t.same(mapUserClaims(claims, { ...names, custom: ['tier'], onUnusable }), {
    roles: [],
    groups: [],
    permissions: [],
    custom: { tier: ['a', 1, true] },
  })
})

t.test('unusable claims of access tokens are reported as well', async (t) => {
  const reported: UnusableClaim[] = []
  const claims = { iss: 'i', sub: 's', exp: 5, azp: 'c', scope: ['a'], permissions: ['p', 1], org_id: 7 }
  t.match(
    accessTokenOf(claims, (unusable) => void reported.push(unusable)),
    { scopes: { length: 0 }, permissions: ['p'] },
  )
  t.same(
    reported.map(({ claim }) => claim),
    ['org_id', 'scope', 'permissions'],
  )
})

t.test('half of a surrogate pair becomes the replacement character', async (t) => {
  t.equal(textOf('name', 'Jane \ud83d'), 'Jane \ufffd')
  t.same(listOf('groups', ['a\ud83d', 'b']), ['a\ufffd', 'b'])
  t.same(wellFormed(['\ud83d', 7]), ['\ufffd', 7])
})

t.test('an unusable claim is left out even without a reporter', async (t) => {
  t.same(
    [textOf('name', 7), listOf('groups', 7), listOf('groups', [7]), booleanOf('verified', 7)],
    [undefined, [], [], undefined],
  )
  t.equal(isComparable('tier', [null]), false)
})
