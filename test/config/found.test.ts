import t from 'tap'

import { describeFound } from '../../src/config/problem-from-issue.ts'

const plain = { type: 'string' }
const rows: [string, unknown, Parameters<typeof describeFound>[1], string | undefined][] = [
  ['nothing written', undefined, plain, undefined],
  ['an empty value', null, plain, 'nothing'],
  ['a list', [1], plain, 'a list'],
  ['an empty list', [], plain, 'an empty list'],
  ['a map', { a: 1 }, plain, 'a map'],
  ['an empty map', {}, plain, 'an empty map'],
  ['text', 'x', plain, '"x"'],
  ['long text', 'x'.repeat(70), plain, `"${'x'.repeat(60)}…"`],
  ['a URL with a password', 'http://u:p@h/', plain, '"http://[secret]@h/"'],
  ['a number', 7, plain, 'the number 7'],
  ['a truth value', true, plain, 'the boolean true'],
  ['another kind of value', 7n, plain, 'a bigint'],
  ['a secret', 'hunter2', { writeOnly: true }, 'text of 7 characters (not shown)'],
  ['a secret that is a number', 1234, { writeOnly: true }, 'a number'],
  ['text in place of secrets', 'hunter2', { items: { writeOnly: true } }, 'text of 7 characters (not shown)'],
  [
    'text in place of a section with secrets',
    'hunter2',
    { properties: { a: { writeOnly: true } } },
    'text of 7 characters (not shown)',
  ],
  ['text of an unknown option', 'hunter2', undefined, 'text of 7 characters (not shown)'],
]
for (const [what, value, option, expected] of rows) {
  t.test(`${what} is described without revealing a secret`, async (t) => {
    t.equal(describeFound(value, option), expected)
  })
}
