import t from 'tap'

import { haveRightsChanged, type UserClaims } from '../../src/session/session.ts'

const before: UserClaims = { name: 'Jane', roles: ['a', 'b'], groups: ['g'], permissions: [] }

const rows: [what: string, change: Partial<UserClaims>, expected: boolean][] = [
  ['nothing', {}, false],
  ['another order', { roles: ['b', 'a'] }, false],
  ['a name said twice', { roles: ['a', 'b', 'b'] }, false],
  ['another display name', { name: 'Jane Doe' }, false],
  ['a role less', { roles: ['a'] }, true],
  ['a role more', { roles: ['a', 'b', 'c'] }, true],
  ['another role', { roles: ['a', 'c'] }, true],
  ['no group', { groups: [] }, true],
  ['a permission', { permissions: ['write:catalog'] }, true],
]
for (const [what, change, expected] of rows) {
  t.test(`${what} ${expected ? 'changes' : 'does not change'} what a person may do`, async (t) => {
    t.equal(haveRightsChanged({ claims: before }, { claims: { ...before, ...change } }), expected)
  })
}
