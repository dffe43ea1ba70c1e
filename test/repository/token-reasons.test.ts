import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { bearerReasons } from '../../src/bearer/refusal-reasons.ts'

t.test('docs/tokens.md has exactly the reasons, each with cause and remedy', async (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/tokens.md'), 'utf8')
  const described = [...text.matchAll(/^\| `([^`]+)` \| (.+) \| (.+) \|$/gm)].map(([, ...row]) => row)
  t.same(
    described,
    Object.entries(bearerReasons).map(([reason, { cause, remedy }]) => [reason, cause, remedy]),
  )
})
