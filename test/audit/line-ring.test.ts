import t from 'tap'

import { createLineRing } from '../../src/audit/line-ring.ts'

const linesAfter = (maxBytes: number, ...pushed: string[]): string[] => {
  const ring = createLineRing(maxBytes)
  for (const text of pushed) ring.push(Buffer.from(text))
  return ring.lines()
}

t.test('the last whole lines are kept, the oldest first', async (t) => {
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
    // The oldest line has lost its beginning, also where it is just its end that is left.
    [['aaaaa\n', 'bbb\n'], ['bbb']],
    [
      ['aa\n', 'bbb\n', 'cc\n', 'dd\n'],
      ['cc', 'dd'],
    ],
    // More at once than there is room for.
    [['a\n', 'bbbbbbbbbbbb\ncc\n'], ['cc']],
    [['a\n', `${'b'.repeat(30)}\ncc\n`], ['cc']],
    [['éé\n', 'ééé\n'], ['ééé']],
  ]
  for (const [pushed, expected] of rows) t.same(linesAfter(10, ...pushed), expected, JSON.stringify(pushed))
})

t.test('what was pushed may change afterwards', async (t) => {
  const ring = createLineRing(10)
  const bytes = Buffer.from('a\n')
  ring.push(bytes)
  bytes.fill('x')
  t.same(ring.lines(), ['a'])
})
