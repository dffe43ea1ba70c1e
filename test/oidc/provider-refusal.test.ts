import t from 'tap'

import { providerRefusal } from '../../src/oidc/failures.ts'

const rows: [what: string, query: Record<string, unknown>, detail: string | undefined, reason?: string][] = [
  ['no refusal', { code: 'c' }, undefined],
  [
    'a refusal with words',
    { error: 'access_denied', error_description: 'user is blocked' },
    'The login service says: “user is blocked” (access_denied)',
    'access_denied',
  ],
  ['one without', { error: 'access_denied' }, 'The login service says: access_denied.', 'access_denied'],
  ['one with blanks only', { error: 'a', error_description: ' \n\u202e ' }, 'The login service says: a.', 'a'],
  [
    'words on several lines',
    { error: 'a', error_description: 'one\r\n\ttwo' },
    'The login service says: “one two” (a)',
    'a',
  ],
  ['an error that is no code', { error: 'Call <b>now</b>' }, 'The login service says: unknown.', 'unknown'],
  [
    'parameters that come twice',
    { error: ['a', 'b'], error_description: ['c', 'd'] },
    'The login service says: unknown.',
    'unknown',
  ],
]
for (const [what, query, detail, reason] of rows) {
  t.test(`the page of ${what}: ${detail}`, async (t) => {
    const refusal = providerRefusal(query)
    t.equal(refusal?.publicDetail, detail)
    t.equal(refusal?.reason, reason)
  })
}

t.test('at most 300 characters are shown, and none is cut in two', async (t) => {
  const words = providerRefusal({ error: 'a', error_description: `${'x'.repeat(299)}😀😀` })?.publicDetail
  t.equal(words, `The login service says: “${'x'.repeat(299)}😀…” (a)`)
})
