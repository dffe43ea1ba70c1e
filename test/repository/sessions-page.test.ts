import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { wantedTypes } from '../../src/auth0-events/event.ts'
import { accessLostCode, sessionEndedCode } from '../../src/proxy/session-watch.ts'

const page = readFileSync(join(repositoryRoot, 'docs/sessions.md'), 'utf8')

t.test('every row about ends of sessions and outages names an existing test', async (t) => {
  const rows = page.split('\n').filter((line) => line.startsWith('|') && line.includes('`test/'))
  t.ok(rows.length >= 15)
  for (const row of rows) {
    const file = /`(test\/[^`]+)`/.exec(row)?.[1] ?? ''
    t.ok(existsSync(join(repositoryRoot, file)), file)
  }
})

t.test('every event that affects sessions has a row, and every close code is explained', async (t) => {
  for (const type of wantedTypes) t.match(page, `\`${type}\``)
  for (const code of [sessionEndedCode, accessLostCode]) t.match(page, String(code))
})
