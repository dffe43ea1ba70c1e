import t from 'tap'

import { readLogoutToken } from '../../src/oidc/logout-token.ts'
import { createBrowser } from '../support/browser.ts'
import { ask, machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'

/** OIDC Core §2: a `sub` has at most 255 ASCII characters. */
const subjects: [string, unknown][] = [
  ['no text at all', ''],
  ['spaces', '   '],
  ['a space at the end', 'auth0|jane '],
  ['300 characters', 'a'.repeat(300)],
  ['256 characters', 'a'.repeat(256)],
  ['a letter that is not ASCII', 'auth0|jané'],
  ['a control character', 'auth0|ja\u0000ne'],
  ['half of a surrogate pair', 'auth0|\ud83d'],
  ['a number', 42],
  ['a list', ['auth0|jane']],
]
const longest = 'a'.repeat(255)

t.test('a login whose ID token has an invalid subject leads to an error page and starts no session', async (t) => {
  const stack = await startStack(t, { config: { server: { failedAttempts: { max: 100 } } } })
  for (const [what, sub] of subjects) {
    stack.auth0.switches.setSettings({ idTokenFaults: { claims: { sub } } })
    const { page, browser } = await stack.signIn()
    t.match(page, { status: 502, text: /STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED/ }, what)
    t.notOk(browser.cookiesOf(stack.url).has('stagedoor'), what)
  }
  stack.auth0.switches.setSettings({ idTokenFaults: { claims: { sub: longest } } })
  t.match((await stack.signIn('jane@example.com', createBrowser())).page, { status: 200 }, '255 characters are fine')
})

t.test('an access token with an invalid subject is refused', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn } })
  for (const [what, sub] of subjects) {
    const { status, body } = await ask(`${url}/`, machineToken(auth0, { sub }))
    t.match({ status, ...body }, { status: 401, reason: /^subject-(?:missing|malformed)$/ }, what)
  }
  t.equal((await ask(`${url}/`, machineToken(auth0, { sub: longest }))).status, 200)
})

t.test('a logout token with an invalid subject is refused, even if it names a session', async (t) => {
  const claims = {
    iss: 'https://tenant/',
    aud: 'client',
    iat: 1_000,
    exp: 1_120,
    jti: 'j-1',
    sid: 'sid-1',
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  }
  for (const [what, sub] of subjects) {
    t.equal(readLogoutToken({ ...claims, sub } as never, {}), 'subject', what)
  }
})
