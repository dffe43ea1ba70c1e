import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

t.test('return_to adds no parameters to the authorization request (CVE-2025-67716)', async (t) => {
  const stack = await startStack(t)
  const injected = '/a?b=c&scope=admin&audience=evil&redirect_uri=https://evil.example&response_type=token'
  for (const returnTo of [injected, encodeURIComponent(injected)]) {
    const { location = '' } = await createBrowser().step(`${stack.url}/.stagedoor/login?return_to=${returnTo}`)
    const query = new URL(location).searchParams
    t.same([...new Set(query.keys())], [...query.keys()], 'each parameter once')
    t.match(Object.fromEntries(query), {
      redirect_uri: `${stack.url}/.stagedoor/callback`,
      response_type: 'code',
      scope: /^openid/,
    })
    t.notMatch(location, /evil|admin/)
  }
})
