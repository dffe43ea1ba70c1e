import t from 'tap'
import type { z } from 'zod'

import { memberNames } from '../../src/config/option.ts'
import { problemsOf } from '../../src/config/problem-from-issue.ts'
import { parseYaml } from '../../src/config/tree/parse-yaml.ts'

const root = { properties: { a: { type: 'boolean' }, b: { enum: ['x', 'y'] } } }
const { tree } = parseYaml('a.yaml', 'a: 1\n')
const around = { root, tree, plain: { a: 1 }, absences: new Map() }

const rows: [string, z.core.$ZodIssue, string][] = [
  [
    'a kind without a name of ours',
    { code: 'invalid_type', expected: 'boolean', path: ['a'], message: 'Invalid input' },
    'boolean',
  ],
  ['text', { code: 'invalid_type', expected: 'string', path: ['a'], message: 'Invalid input' }, 'text'],
  [
    'a complaint that says nothing',
    { code: 'not_multiple_of', divisor: 2, path: ['a'], message: 'Invalid number' },
    'another value',
  ],
  [
    'a complaint in our words',
    { code: 'not_multiple_of', divisor: 2, path: ['a'], message: 'an even number' },
    'an even number',
  ],
]
for (const [what, issue, expected] of rows) {
  t.test(`${what} is reported with the expected value, its line and an example`, async (t) => {
    t.match(problemsOf(issue, around), [
      { source: { line: 1 }, found: 'the number 1', expected, fix: 'write for example a: true' },
    ])
  })
}

const other: [what: string, issue: z.core.$ZodIssue, plain: unknown, fix: string][] = [
  [
    'a number where there is no such option',
    { code: 'custom', path: ['c'], message: 'something else', params: {} },
    { c: 1 },
    'write for example c: {}',
  ],
  [
    'a choice without a default',
    { code: 'invalid_type', expected: 'string', path: ['b'], message: 'Invalid input' },
    { b: 1 },
    'write for example b: x',
  ],
  [
    'a number in place of all',
    { code: 'invalid_type', expected: 'object', path: [], message: 'Invalid input' },
    1,
    'write for example {}, on as many lines as you like',
  ],
]
for (const [what, issue, plain, fix] of other) {
  t.test(`${what} is reported with an example`, async (t) => {
    t.match(problemsOf(issue, { ...around, plain }), [{ fix }])
  })
}

t.test('an unknown option has no members', async (t) => {
  t.same(memberNames(root, undefined), [])
})
