import t from 'tap'

import { createLineRing } from '../../src/audit/line-ring.ts'

const linesAfter = (maxBytes: number, ...pushed: string[]): string[] => {
  const ring = createLineRing(maxBytes)
  for (const text of pushed) ring.push(Buffer.from(text))
  return ring.lines()
}

t.test('the last complete lines are kept, the oldest first', async (t) => {
  const rows: [pushed: string[], expected: string[]][] = [
    [[], []],
    [
      ['a\n', 'b\nc\n'],
      ['a', 'b', 'c'],
    ],
    [
      ['aaa\n', 'bbb\n', 'cc\n'],
      ['bbb', 'cc'],
    ],
    [
      ['aaa\n', 'bbbbb\n', 'cc\n'],
      ['bbbbb', 'cc'],
    ],
    // Drop an oldest line that has lost its beginning, even if only its end is left.
    [['aaaaa\n', 'bbb\n'], ['bbb']],
    [
      ['aa\n', 'bbb\n', 'cc\n', 'dd\n'],
      ['cc', 'dd'],
    ],
    // More than fits at once.
    [['a\n', 'bbbbbbbbbbbb\ncc\n'], ['cc']],
    [['a\n', `${'b'.repeat(30)}\ncc\n`], ['cc']],
    [['éé\n', 'ééé\n'], ['ééé']],
  ]
  for (const [pushed, expected] of rows) t.same(linesAfter(10, ...pushed), expected, JSON.stringify(pushed))
})

t.test('a buffer may be reused after it was pushed', async (t) => {
  const ring = createLineRing(10)
  const bytes = Buffer.from('a\n')
  ring.push(bytes)
  bytes.fill('x')
  t.same(ring.lines(), ['a'])
})
