import t from 'tap'

import { createManagementTokens } from '../../src/auth0-events/management-token.ts'

/** A token endpoint that hands out `token-1`, `token-2`, … for a day each. */
function startTokens() {
  const state = { nowMs: 0, asked: 0 }
  const tokens = createManagementTokens({
    issuer: 'https://tenant.example.com/',
    clientId: 'stagedoor',
    clientSecret: 'secret',
    audience: 'https://tenant.example.com/api/v2/',
    fetch: async () =>
      Response.json({ access_token: `token-${(state.asked += 1)}`, token_type: 'Bearer', expires_in: 86_400 }),
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

t.test('a token that was not accepted is not used again', async (t) => {
  const { tokens } = startTokens()
  await tokens.get()
  tokens.drop()
  t.equal(await tokens.get(), 'token-2')
})
