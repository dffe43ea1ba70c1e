import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

type Row = { clause: string; how: string; files: string[] }

const words = ['met', 'partly', 'not met', 'does not apply', 'login service', 'Backstage', 'operator']

function rowsOf(page: string): Row[] {
  const text = readFileSync(join(repositoryRoot, 'docs/security', page), 'utf8')
  return text
    .split('\n')
    .filter((line) => /^\| (?!-|id \||clause \||module \|)/.test(line))
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim())
      const [, clause = ''] = cells
      const how = cells.at(-3) ?? ''
      const files = [...(cells.at(-2) ?? '').matchAll(/`(test\/[\w./-]+)`/g)].map(([, file = '']) => file)
      return { clause, how, files }
    })
}

for (const page of ['asvs.md', 'oauth.md', 'cookies.md', 'openid-connect.md']) {
  t.test(`${page}: each clause states how it is met and which test shows it`, async (t) => {
    const rows = rowsOf(page)
    t.ok(rows.length > 15, `${rows.length} clauses`)
    for (const { clause, how, files } of rows) {
      t.ok(
        words.some((word) => how.startsWith(word)),
        `${clause}: ${how}`,
      )
      if (how.startsWith('met')) t.ok(files.length > 0, `${clause}: a test`)
      for (const file of files) t.ok(existsSync(join(repositoryRoot, file)), `${clause}: ${file}`)
    }
  })
}

/** How many requirements each section of the standard has, by chapter (OWASP ASVS 5.0). */
const sections: Record<string, number[]> = {
  3: [1, 3, 5, 8, 8, 1, 5],
  4: [5, 5, 2, 4],
  6: [3, 12, 8, 6, 8, 4, 2, 4],
  7: [3, 4, 2, 5, 3, 2],
  8: [4, 4, 3, 2],
  9: [3, 4],
  10: [2, 3, 5, 16, 5, 2, 3],
  14: [2, 8, 3],
  16: [1, 5, 4, 3, 4],
}

t.test('asvs.md has every requirement of its chapters, and no other', async (t) => {
  const expected = Object.entries(sections).flatMap(([chapter, counts]) =>
    counts.flatMap((count, section) => Array.from({ length: count }, (_, i) => `${chapter}.${section + 1}.${i + 1}`)),
  )
  t.same(
    rowsOf('asvs.md').map(({ clause }) => clause),
    expected,
  )
})

t.test('each module of the conformance profile on the page is in the test', async (t) => {
  const source = readFileSync(join(repositoryRoot, 'test/oidc/conformance.test.ts'), 'utf8')
  const modules = rowsOf('openid-connect.md').filter(
    ({ clause, files }) => clause.startsWith('oidcc-') && files[0]?.includes('conformance'),
  )
  t.equal(modules.length, 11)
  for (const { clause } of modules) t.ok(source.includes(`'${clause}`), clause)
})
