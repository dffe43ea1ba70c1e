import t from 'tap'

import { editDistance, suggest } from '../../src/config/problem-from-issue.ts'

const distances: [string, string, number][] = [
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['prefix', 'prefx', 1],
  ['redis', 'reids', 1],
  ['cookie', 'redis', 5],
]
for (const [from, to, edits] of distances) {
  t.test(`"${from}" becomes "${to}" by ${edits} edits`, async (t) => {
    t.equal(editDistance(from, to), edits)
  })
}

const known = ['clientId', 'clientSecrets', 'issuer', 'scopes']
const suggestions: [string, string | undefined][] = [
  ['clientID', 'clientId'],
  ['client_id', 'clientId'],
  ['client-secrets', 'clientSecrets'],
  ['clientSecret', 'clientSecrets'],
  ['isuser', 'issuer'],
  ['scope', 'scopes'],
  ['zebra', undefined],
  ['x', undefined],
]
for (const [word, expected] of suggestions) {
  t.test(`"${word}" ${expected === undefined ? 'resembles nothing' : `probably means ${expected}`}`, async (t) => {
    t.equal(suggest(word, known), expected)
  })
}

t.test('without known words nothing is suggested', async (t) => {
  t.equal(suggest('a', []), undefined)
})
