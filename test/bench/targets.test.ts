import t from 'tap'

import type { CaseResult } from '../../bench/report.ts'
import { withMeasured } from '../../bench/results-file.ts'
import { outcomes, targets, targetSection } from '../../bench/targets.ts'

const rows = (name: string, figures: Record<string, Record<string, number>[]>): CaseResult => ({
  name,
  title: name,
  rows: Object.entries(figures).map(([name, runs]) => ({ name, runs })),
})

const results: CaseResult[] = [
  rows('json', {
    'undici-relay': [{ 'req/s': 100, 'CPU µs/req': 40 }],
    'http-proxy': [{ 'req/s': 50 }],
    stagedoor: [{ 'req/s': 90 }],
    'stagedoor-redis': [{ 'req/s': 80 }],
  }),
  rows('paced', {
    'undici-relay': [
      { 'p50 ms': 1, 'p99 ms': 2 },
      { 'p50 ms': 2, 'p99 ms': 2 },
    ],
    stagedoor: [
      { 'p50 ms': 1.2, 'p99 ms': 3.5 },
      { 'p50 ms': 2.4, 'p99 ms': 3.5 },
    ],
  }),
  rows('streams', { stagedoor: [{ 'MiB over idle': 100, errors: 0 }] }),
  rows('sockets', { stagedoor: [{ 'MiB over idle': 100, errors: 1 }] }),
  rows('workers', {
    '1 worker': [{ 'req/s': 10, 'req/CPU s': 10 }],
    '2 workers': [{ 'req/s': 15, 'req/CPU s': 9.5 }],
  }),
  rows('overload', { stagedoor: [{ 'goodput / max': 0.95, 'since sent, p99 late / early': 2 }] }),
]

t.test('each target is met, missed or not measured, by the median of the rounds', async (t) => {
  t.same(
    outcomes(results).map(({ measured, verdict }) => [measured, verdict]),
    [
      ['0.90', 'met'],
      ['1.80', 'met'],
      ['0.89', 'missed'],
      ['–', 'not measured'],
      ['0.30 ms (0.20 ms to 0.40 ms)', 'missed'],
      ['1.50 ms', 'missed'],
      ['–', 'not measured'],
      ['–', 'not measured'],
      ['–', 'not measured'],
      ['105 MB', 'met'],
      ['–', 'not measured'],
      ['1.50', 'missed'],
      ['1.90', 'met'],
      ['0.95', 'met'],
      ['2.00', 'missed'],
    ],
  )
})

t.test('a run without measurements has no verdicts', async (t) => {
  t.same(new Set(outcomes([]).map(({ verdict }) => verdict)), new Set(['not measured']))
  t.notMatch(targetSection([]), 'CPU µs')
})

t.test('the table shows each target with its limit, and the CPU time of a request below', async (t) => {
  const text = targetSection(results)
  for (const { promise, wanted } of targets) t.match(text, `| ${promise} | ${wanted} |`)
  t.match(text, 'CPU µs per 1 KB request: undici-relay 40.0')
})

t.test('new figures replace the old ones, and manual text below them stays', async (t) => {
  const first = withMeasured('', 'one')
  const edited = `${first}\n## Reasons\n\nIt is slow.\n`
  const second = withMeasured(edited, 'two')
  t.match(second, '\n\ntwo\n\n')
  t.notMatch(second, 'one')
  t.match(second, /## Reasons\n\nIt is slow.\n$/)
  t.equal(withMeasured(second, 'two'), second)
})
