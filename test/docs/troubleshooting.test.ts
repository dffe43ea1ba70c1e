import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { errorTable } from '../../src/errors/error-table.ts'

const page = readFileSync(join(repositoryRoot, 'docs/troubleshooting.md'), 'utf8')

t.test('every error code has a row on the troubleshooting page, and every row a code', async (t) => {
  const written = [...page.matchAll(/^\| `(STAGEDOOR_\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, code]) => code)
  t.same(new Set(written), new Set(Object.keys(errorTable)), 'add a row to "By error code"')
})

t.test('quotes of errors on the page match the error table', async (t) => {
  const said = Object.values(errorTable).map(({ sentence }) => sentence)
  const quotes = [...page.matchAll(/^\| "((?:The login service|Signing in)[^"]*)"/gm)].map(([, quote = '']) => quote)
  t.equal(quotes.length, 2)
  for (const quote of quotes)
    t.ok(
      said.some((sentence) => sentence.startsWith(quote)),
      quote,
    )
})
