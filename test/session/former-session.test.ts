import t from 'tap'

import { endFormer } from '../../src/session/former-session.ts'
import { sessionOf } from '../support/sessions.ts'

const rows: [what: string, former: { issuer?: string; subject?: string }, becomes: string][] = [
  ['the same person', {}, 'superseded'],
  ['another person', { subject: 'auth0|max' }, 'ended'],
  ['a person of another login service', { issuer: 'https://other.example/' }, 'ended'],
]

for (const [what, change, becomes] of rows) {
  t.test(`the former session of ${what} is ${becomes}`, async (t) => {
    const calls: string[] = []
    const store = {
      supersede: async () => void calls.push('superseded'),
      end: async () => void calls.push('ended'),
    }
    await endFormer(store, sessionOf(change), sessionOf())
    t.same(calls, [becomes])
  })
}
