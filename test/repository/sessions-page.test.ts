import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

const page = readFileSync(join(repositoryRoot, 'docs/sessions.md'), 'utf8')

/** The rows of the table under a heading, without its head. */
const rowsUnder = (heading: string): string[][] => {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

for (const heading of ['What ends a session', 'Outages']) {
  t.test(`every row of "${heading}" names the test that holds it true`, async (t) => {
    const rows = rowsUnder(heading)
    t.ok(rows.length > 2)
    for (const [event = '', ...cells] of rows) {
      const file = /^`(test\/[\w/-]+\.test\.ts)`$/.exec(cells.at(-1) ?? '')?.[1]
      t.ok(file !== undefined && existsSync(join(repositoryRoot, file)), event)
    }
  })
}
