import t from 'tap'

import { type CaseResult, format, section } from '../../bench/report.ts'
import { attempt, interleave } from '../../bench/rounds.ts'

const result: CaseResult = {
  name: 'json',
  title: '1 KB',
  ratioOf: 'req/s',
  rows: [
    { name: 'undici-relay', runs: [{ 'req/s': 1_000 }, { 'req/s': 3_000 }, { 'req/s': 2_000 }] },
    { name: 'stagedoor', runs: [{ 'req/s': 1_500, errors: 0 }] },
  ],
}

t.test('a table has medians, and ratios to the measured bases', async (t) => {
  t.equal(
    section(result),
    [
      '### 1 KB',
      '',
      '|  | req/s | errors | × undici-relay |',
      '| --- | ---: | ---: | ---: |',
      '| undici-relay | 2,000 | – | 1.00 |',
      '| stagedoor | 1,500 | 0 | 0.75 |',
      '',
    ].join('\n'),
  )
})

t.test('a failed candidate is marked in its row, and the others keep theirs', async (t) => {
  const failed = { name: 'http-proxy', runs: [], failure: 'it | ended' }
  const text = section({ ...result, rows: [failed, ...result.rows] })
  t.match(text, '| http-proxy | – | – | – | – | it / ended |')
  t.match(text, '| stagedoor | 1,500 | 0 | 0.75 | – |  |')
})

t.test('many figures get a line each, with notes below', async (t) => {
  const text = section({ ...result, isTall: true, notes: ['Mind the gap.'] })
  t.match(text, '|  | undici-relay | stagedoor |\n| --- | ---: | ---: |\n| req/s | 2,000 | 1,500 |')
  t.match(text, '\nMind the gap.\n')
})

t.test('figures have three significant digits', async (t) => {
  t.same([0, 0.1234, 12.34, 1234.5, undefined, Number.NaN].map(format), ['0', '0.12', '12.3', '1,235', '–', '–'])
})

t.test('rounds are interleaved, and a failed candidate is left out of later rounds', async (t) => {
  const rows = ['a', 'b'].map((name) => ({ row: { name, runs: [] as object[] }, entrant: name }))
  const order: string[] = []
  await interleave(rows as never, 3, async (name: string) => {
    order.push(name)
    if (name === 'b' && order.length > 2) throw new Error('the process\n ended')
    return { runs: order.length }
  })
  t.same(order, ['a', 'b', 'a', 'b', 'a'])
  t.match(rows, [{ row: { runs: [{ runs: 1 }, { runs: 3 }, { runs: 5 }] } }, { row: { failure: 'the process ended' } }])
})

t.test('a candidate that failed before is not tried again', async (t) => {
  const row = { name: 'a', runs: [], failure: 'gone' }
  t.equal(await attempt(row, () => Promise.reject(new Error('again'))), undefined)
  t.equal(row.failure, 'gone')
})
