import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { compileCache } from '../../scripts/testing/compile-cache.ts'
import { coverageComplaints, isTypesOnly, pureFiles, uncoveredLines } from '../../scripts/testing/coverage.ts'
import type { FileCoverage } from '../../scripts/testing/coverage.ts'
import { drillTable } from '../../scripts/testing/drill-report.ts'
import { partTests, programTests } from '../../scripts/testing/suite.ts'
import { countsOf, failuresOf, skipsOf, slowestOf } from '../../scripts/testing/tap.ts'

t.test("the counts come from tap's own closing line", async (t) => {
  const table: [output: string, passed: number, failed: number, skipped: number][] = [
    ['ok 1 - a\n# { total: 5, pass: 3, fail: 1, skip: 1 }\n# time=1ms', 3, 1, 1],
    ['# { total: 2, pass: 2 }\n', 2, 0, 0],
    ['# { total: 1, pass: 1 }\n# { total: 9, pass: 7, skip: 1, todo: 1 }\n', 7, 0, 2],
    ['ok 1 - a\n', 0, 1, 0],
    ['', 0, 1, 0],
  ]
  for (const [output, passed, failed, skipped] of table) {
    t.same(countsOf(output), { passed, failed, skipped }, JSON.stringify(output))
  }
})

t.test('each test file is in one of the two runs, and each path of the run without coverage exists', async (t) => {
  const all = globSync('test/**/*.test.ts', { cwd: repositoryRoot })
  const others = partTests()
  const isBelow = (path: string) => (file: string) => file === path || file.startsWith(`${path}/`)
  for (const path of programTests) {
    t.ok(all.some(isBelow(path)), path)
    t.notOk(others.some(isBelow(path)), path)
  }
  const programs = all.filter((file) => programTests.some((path) => isBelow(path)(file)))
  t.equal(programs.length + others.length, all.length)
  t.ok(others.includes('test/policy/decisions.test.ts'))
})

t.test('each skipped test is named once with its reason', async (t) => {
  const output = ['ok 1 - a', '    ok 2 - b # SKIP no docker', '    ok 2 - b # SKIP no docker', 'ok 3 - c # SKIP']
  t.same(skipsOf(output.join('\n')), ['b: no docker', 'c: no reason given'])
})

t.test('the slowest files are named, the slowest first', async (t) => {
  const output = [
    '    ok 1 - an assertion # time=90000ms',
    'ok 1 - test/quick.test.ts # time=600.5ms',
    'not ok 2 - test/slow.test.ts # time=34567.8ms',
    'ok 3 - test/middle.test.ts # time=2000ms',
  ]
  t.same(slowestOf(output.join('\n'), 2), ['35 s test/slow.test.ts', '2 s test/middle.test.ts'])
})

t.test('each failure is named by its path, innermost only', async (t) => {
  const output = [
    '# Subtest: test/a.test.ts',
    '    # Subtest: outer',
    '        ok 1 - fine',
    '        not ok 2 - numbers',
    '          ---',
    '          diff: |',
    '            -1',
    '          ...',
    '    not ok 1 - outer # time=34ms',
    '    # Subtest: throws',
    '        1..0',
    '    not ok 2 - throws # time=1ms',
    'not ok 1 - test/a.test.ts # time=78ms',
    'not ok 2 - timeout!',
  ]
  t.same(failuresOf(output.join('\n')), [
    { path: 'test/a.test.ts > outer > numbers', found: '          diff: |\n            -1' },
    { path: 'test/a.test.ts > throws', found: '' },
    { path: 'timeout!', found: '' },
  ])
  t.same(failuresOf('ok 1 - a\n'), [])
})

const place = (line: number) => ({ start: { line } })

const coverage: FileCoverage = {
  s: { 0: 1, 1: 0, 2: 0 },
  statementMap: { 0: place(1), 1: place(4), 2: place(5) },
  b: { 0: [1], 1: [0] },
  branchMap: { 0: { loc: place(1) }, 1: { loc: place(4) } },
  f: { 0: 0 },
  fnMap: { 0: { name: 'f', loc: place(9) } },
}

t.test('a line with an uncovered statement, branch or function is named once', async (t) => {
  t.same(uncoveredLines(coverage), [4, 5, 9])
})

t.test('a pure file that no test loads is reported, unless it has types only', async (t) => {
  const root = t.testdir({
    src: {
      policy: {
        'decide.ts': 'export const decide = 1\n',
        'decision.ts':
          "/** Types. */\nimport type { Rule } from './rule.ts'\nexport type Decision = { effect: 'allow' }\n",
        'plugin.ts': "import fastifyPlugin from 'fastify-plugin'\nexport const plugin = fastifyPlugin\n",
        'wire.ts': "import { connect } from 'node:net'\nexport const wire = connect\n",
        'partly.ts': 'export const partly = 1\n',
      },
      cli: { 'main.ts': 'export const main = 1\n' },
      'app.ts': 'export const app = 1\n',
    },
  })
  const files = pureFiles(root)
  t.same(
    files,
    ['src/policy/decide.ts', 'src/policy/decision.ts', 'src/policy/partly.ts'],
    'what acts on the world is not pure',
  )
  t.same(coverageComplaints({ 'src/policy/partly.ts': coverage }, files, root), [
    'src/policy/decide.ts: no test loads it',
    'src/policy/partly.ts: not covered: line 4, 5, 9',
  ])
})

t.test('a file with a single value does not count as types only', async (t) => {
  t.ok(isTypesOnly("import type { A } from './a.ts'\nexport type B = A\nexport interface C { a: 1 }\n"))
  t.notOk(isTypesOnly('export type B = 1\nexport const b = 1\n'))
})

t.test('a program that a test starts has no tap hooks and uses the compile cache', async (t) => {
  const script = 'JSON.stringify([process.env.NODE_OPTIONS, process.sourceMapsEnabled, process.env.NODE_COMPILE_CACHE])'
  const [options, hasSourceMaps, cache] = JSON.parse(
    execFileSync(process.execPath, ['-p', script], { encoding: 'utf8' }),
  )
  t.notMatch(options, /tapjs|scripts/)
  t.equal(hasSourceMaps, false, 'which the hooks turn on')
  t.equal(cache, compileCache)
})

t.test('the drill report has a row for each drill and one for all', async (t) => {
  const row = { inputs: 0, faults: 3, requests: 1_200, failures: 0, leaks: 1, lost: 0, resurrected: 0 }
  const lines = drillTable([
    { drill: 'second', ...row },
    { drill: 'first', ...row, lost: 2 },
  ]).split('\n')
  t.same(lines.slice(2), [
    '| first | 0 | 3 | 1,200 | 0 | 1 | 2 | 0 |',
    '| second | 0 | 3 | 1,200 | 0 | 1 | 0 | 0 |',
    '| **all** | 0 | 6 | 2,400 | 0 | 2 | 2 | 0 |',
  ])
})
