import t from 'tap'

import { readMeAnswer } from '../../plugins/app-module-stagedoor/src/me.ts'

const now = Date.parse('2026-11-23T12:00:00Z')

t.test('only a 401 means that no person is signed in', async (t) => {
  const table: [Response, string][] = [
    [new Response('{}', { status: 401 }), 'signed-out'],
    [new Response('{}', { status: 503 }), 'unknown'],
    [new Response('<html>'), 'unknown'],
    [new Response('null'), 'unknown'],
    [new Response('{"sub":1}'), 'unknown'],
    [new Response('{"sub":"auth0|jane"}'), 'signed-in'],
  ]
  for (const [response, kind] of table) t.equal((await readMeAnswer(response, now)).kind, kind)
})

t.test('times are converted to the browser’s clock, even a wrong one', async (t) => {
  const body = {
    sub: 'auth0|jane',
    email: 'jane@example.com',
    org_id: 'org_1',
    roles: ['admin', 1],
    groups: 'none',
    session: { signed_in_at: '2026-11-23T11:00:00Z', expires_at: 'soon', expires_at_latest: '2026-11-23T23:00:00Z' },
  }
  const date = new Date(now - 3_600_000).toUTCString()
  t.same(await readMeAnswer(new Response(JSON.stringify(body), { headers: { date } }), now), {
    kind: 'signed-in',
    me: {
      sub: 'auth0|jane',
      name: 'jane@example.com',
      email: 'jane@example.com',
      organization: 'org_1',
      roles: ['admin'],
      groups: [],
      permissions: [],
      signedInAt: Date.parse('2026-11-23T12:00:00Z'),
      expiresAt: undefined,
      endsAt: Date.parse('2026-11-24T00:00:00Z'),
    },
  })
})

t.test('a person without name or e-mail address is named by their id', async (t) => {
  const answer = await readMeAnswer(new Response('{"sub":"auth0|jane","name":"","org_name":"Example"}'), now)
  t.match(answer, { me: { name: 'auth0|jane', organization: 'Example' } })
})
