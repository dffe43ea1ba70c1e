import t from 'tap'

import {
  createGroupFilter,
  type FilteredGroups,
  type GroupFilterOptions,
  createPassedGroups,
} from '../../src/assertion/passed-groups.ts'
import { user } from '../policy/support.ts'

const all: GroupFilterOptions = { include: ['*'], exclude: [], max: 100 }

const rows: [what: string, options: Partial<GroupFilterOptions>, groups: string[], expected: FilteredGroups][] = [
  ['all, by alphabet', {}, ['b', 'B', 'a'], { passed: ['B', 'a', 'b'], filtered: 0, capped: 0 }],
  ['none', {}, [], { passed: [], filtered: 0, capped: 0 }],
  [
    'the included ones, in the order of the patterns',
    { include: ['team-*', 'everyone'] },
    ['everyone', 'team-b', 'x', 'team-a'],
    { passed: ['team-a', 'team-b', 'everyone'], filtered: 1, capped: 0 },
  ],
  ['not the excluded ones', { exclude: ['*-old'] }, ['a', 'b-old'], { passed: ['a'], filtered: 1, capped: 0 }],
  ['exclusion wins', { include: ['a'], exclude: ['a'] }, ['a'], { passed: [], filtered: 1, capped: 0 }],
  ['as many as fit', { max: 2 }, ['c', 'b', 'a'], { passed: ['a', 'b'], filtered: 0, capped: 1 }],
  [
    'the more important ones first',
    { include: ['z', '*'], max: 1 },
    ['a', 'z'],
    { passed: ['z'], filtered: 0, capped: 1 },
  ],
  [
    'a name with special characters',
    { include: ['a.b/c*'] },
    ['a.b/c', 'axb/c'],
    { passed: ['a.b/c'], filtered: 1, capped: 0 },
  ],
]
for (const [what, options, groups, expected] of rows) {
  t.test(`groups in the assertion: ${what}`, async (t) => {
    t.same(createGroupFilter({ ...all, ...options })(groups), expected)
  })
}

t.test('the limit leaves out the same groups for any order in the token', async (t) => {
  const filter = createGroupFilter({ ...all, max: 3 })
  t.same(filter(['d', 'a', 'c', 'b']).passed, filter(['b', 'c', 'a', 'd']).passed)
})

t.test('the groups of a person are filtered once, and the left-out groups are reported once', async (t) => {
  const reports: FilteredGroups[] = []
  const passed = createPassedGroups(
    createGroupFilter({ ...all, exclude: ['x'], max: 1 }),
    (groups) => void reports.push(groups),
  )
  const jane = user({ groups: ['b', 'a', 'x'], roles: ['r'] })
  t.same(passed(jane).claims, { ...jane.claims, groups: ['a'] })
  t.equal(passed(jane), passed(jane))
  t.same(reports, [{ passed: ['a'], filtered: 1, capped: 1 }])
  passed(user({ groups: ['a'] }))
  t.equal(reports.length, 1)
})
