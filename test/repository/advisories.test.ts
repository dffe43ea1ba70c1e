import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

const advisoryId = /\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[a-z0-9]{4}){3})\b/g
const page = readFileSync(join(repositoryRoot, 'docs/security/advisories.md'), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => /^\| (?:CVE|GHSA)-/.test(line))
  .map((line) => {
    const [, ids = '', , here = ''] = line.split('|')
    return {
      ids: [...ids.matchAll(advisoryId)].map(([id]) => id),
      files: [...here.matchAll(/test\/[\w./-]+\.ts/g)].map(([file]) => file),
      here: here.trim(),
    }
  })

t.test('each advisory in the table names an existing test or a reason why it does not apply', async (t) => {
  t.ok(rows.length > 50)
  for (const { ids, files, here } of rows) {
    t.ok(files.length > 0 || here.startsWith('does not apply: '), ids.join())
    for (const file of files) t.ok(existsSync(join(repositoryRoot, file)), `${ids.join()}: ${file}`)
  }
  const all = rows.flatMap(({ ids }) => ids)
  t.same(
    all.filter((id, index) => all.indexOf(id) !== index),
    [],
    'each id once',
  )
})

t.test('the files of test/advisories have exactly the ids in the table', async (t) => {
  for (const file of globSync('test/advisories/*.ts', { cwd: repositoryRoot })) {
    if (file.endsWith('all.test.ts')) continue
    const inFile = new Set(readFileSync(join(repositoryRoot, file), 'utf8').match(advisoryId) ?? [])
    const inTable = rows.filter(({ files }) => files.includes(file))
    const missing = inTable.filter(({ ids }) => !ids.some((id) => inFile.has(id))).map(({ ids }) => ids[0])
    t.same(missing, [], `${file} lacks what the table says of it`)
    const known = new Set(inTable.flatMap(({ ids }) => ids))
    t.same(
      [...inFile].filter((id) => !known.has(id)),
      [],
      `the table lacks what ${file} says`,
    )
  }
})
