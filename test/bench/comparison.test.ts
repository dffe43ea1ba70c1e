import t from 'tap'

import { comparison, rowName } from '../../bench/compare/comparison.ts'

t.test('a comparison shows the medians of both commits and the ratio of each round', async (t) => {
  const rows = [
    {
      name: rowName('stagedoor', 'aaa'),
      runs: [
        { 'req/s': 100, errors: 0 },
        { 'req/s': 200, errors: 0 },
      ],
    },
    {
      name: rowName('stagedoor', 'bbb'),
      runs: [
        { 'req/s': 110, errors: 0 },
        { 'req/s': 240, errors: 0 },
      ],
    },
  ]
  const text = comparison({ name: 'json', title: '1 KB', rows }, ['aaa', 'bbb'], ['stagedoor'])
  t.match(text, '| stagedoor | req/s | 150 | 175 | 1.15 | 1.10 | 1.20 |')
})

t.test('a commit that fails to run is reported as such', async (t) => {
  const rows = [
    { name: rowName('stagedoor', 'aaa'), runs: [], failure: 'a process ended by itself' },
    { name: rowName('stagedoor', 'bbb'), runs: [{ 'req/s': 110 }] },
  ]
  const text = comparison({ name: 'json', title: '1 KB', rows }, ['aaa', 'bbb'], ['stagedoor'])
  t.match(text, '| stagedoor | req/s | – | 110 | – | – | – |')
  t.match(text, 'stagedoor @ aaa: a process ended by itself')
})
