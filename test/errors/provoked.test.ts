import { globSync, readFileSync } from 'node:fs'

import t from 'tap'

import { errorTable } from '../../src/errors/error-table.ts'

t.test('every error code has a test that provokes it', async (t) => {
  const files = globSync('test/**/*.test.ts', { cwd: `${import.meta.dirname}/../..` })
  const texts = files
    .filter((file) => !file.startsWith('test/errors/'))
    .map((file) => readFileSync(`${import.meta.dirname}/../../${file}`, 'utf8'))
  for (const code of Object.keys(errorTable))
    t.ok(
      texts.some((text) => text.includes(code)),
      code,
    )
})
