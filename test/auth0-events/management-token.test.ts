import t from 'tap'

import { createManagementTokens } from '../../src/auth0-events/management-token.ts'

const bearer = { token_type: 'Bearer', expires_in: 86_400 }

/** A token endpoint that issues `token-1`, `token-2`, … for a day each. */
function startTokens(answer?: Response) {
  const state = { nowMs: 0, asked: 0 }
  const tokens = createManagementTokens({
    issuer: 'https://tenant.example.com/',
    clientId: 'stagedoor',
    clientSecret: 'secret',
    audience: 'https://tenant.example.com/api/v2/',
    async fetch() {
      state.asked += 1
      return answer?.clone() ?? Response.json({ access_token: `token-${state.asked}`, ...bearer })
    },
    timeoutMs: 1_000,
    now: () => state.nowMs,
  })
  return { state, tokens }
}

t.test('a token is kept until a minute before it expires', async (t) => {
  const { state, tokens } = startTokens()
  t.equal(await tokens.get(), 'token-1')
  state.nowMs = (86_400 - 61) * 1_000
  t.equal(await tokens.get(), 'token-1')
  state.nowMs = (86_400 - 59) * 1_000
  t.equal(await tokens.get(), 'token-2')
})

t.test('a rejected token is not used again', async (t) => {
  const { tokens } = startTokens()
  await tokens.get()
  tokens.drop()
  t.equal(await tokens.get(), 'token-2')
})

const refusals: [what: string, answer: Response, said: RegExp][] = [
  ['a refusal', Response.json({ error: 'access_denied' }, { status: 403 }), /403 access_denied$/],
  ['an answer that is none', new Response('<html>', { status: 502 }), /no usable answer$/],
]
for (const [what, answer, said] of refusals) {
  t.test(`${what} is reported, and nothing is cached`, async (t) => {
    const { state, tokens } = startTokens(answer)
    await t.rejects(tokens.get(), { message: said })
    await t.rejects(tokens.get(), 'another try asks again')
    t.equal(state.asked, 2)
  })
}
