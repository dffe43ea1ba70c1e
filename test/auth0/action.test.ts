import { createRequire } from 'node:module'

import t from 'tap'

type Call = [name: string, value: unknown]
type Action = { onExecutePostLogin: (event: unknown, api: unknown) => Promise<void> }

const { onExecutePostLogin } = createRequire(import.meta.url)('../../auth0/tenant/actions/post-login.js') as Action
const multiFactor = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

/** Runs the Action. @returns its API calls, in order */
async function run(event: object): Promise<Call[]> {
  const calls: Call[] = []
  const token = (kind: string) => ({
    setCustomClaim: (name: string, value: unknown) => calls.push([`${kind} ${name}`, value]),
  })
  await onExecutePostLogin(event, {
    idToken: token('id'),
    accessToken: token('access'),
    multifactor: { enable: (provider: string, options: unknown) => calls.push([`mfa ${provider}`, options]) },
  })
  return calls
}

t.test('the Action puts namespaced roles and groups on both tokens', async (t) => {
  const calls = await run({ authorization: { roles: ['a'] }, user: { app_metadata: { groups: ['g'] } } })
  t.same(calls, [
    ['id https://stagedoor.example.com/roles', ['a']],
    ['id https://stagedoor.example.com/groups', ['g']],
    ['access https://stagedoor.example.com/roles', ['a']],
    ['access https://stagedoor.example.com/groups', ['g']],
  ])
})

t.test('the Action asks for the second factor only when acr_values does', async (t) => {
  const calls = await run({ user: {}, transaction: { acr_values: [multiFactor] } })
  t.same(calls.at(-1), ['mfa any', { allowRememberBrowser: false }])
  t.equal((await run({ user: {}, transaction: { acr_values: [] } })).length, 4)
})

t.test('the Action lets a refresh pass, which nobody is there to confirm, whatever its login asked for', async (t) => {
  const transaction = { acr_values: [multiFactor], protocol: 'oauth2-refresh-token' }
  t.equal((await run({ user: {}, transaction })).length, 4)
})
