import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { stages } from '../../scripts/direction/rules.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'

const page = readFileSync(join(repositoryRoot, 'docs/security/threat-model.md'), 'utf8')
const rows = page.split('\n').filter((line) => /^\| [STRIDE] \|/.test(line))
const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)

t.test('each threat names an existing test', async (t) => {
  t.ok(rows.length > 40)
  for (const row of rows) {
    const tests = [...row.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path)
    t.ok(tests.length > 0, row)
    for (const path of tests) t.ok(existsSync(join(repositoryRoot, path)), path)
  }
})

t.test('each stage of the request path has threats', async (t) => {
  for (const stage of stages.flat()) t.ok(headings.includes(stage), stage)
})

t.test('each kind of threat is covered', async (t) => {
  t.same(new Set(rows.map((row) => row[2])), new Set('STRIDE'))
})
