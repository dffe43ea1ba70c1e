import { decodeJwt } from 'jose'
import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const always = { config: { auth0: { pushedAuthorization: 'always' } } }

t.test(
  'with a provider that requires pushed requests, the browser carries only a reference to the request',
  async (t) => {
    const stack = await startStack(t, { auth0: { settings: { pushedAuthorization: 'required' } } })
    const { page } = await stack.signIn('max@example.com', createBrowser(), '/catalog')
    t.match(decodeJwt(JSON.parse(page.text).headers['x-stagedoor-assertion']), { email: 'max@example.com' })
    t.same(Object.keys(stack.auth0.tenant.lastAuthorize).toSorted(), ['client_id', 'request_uri'])
    t.equal(stack.auth0.counters.pushedAuthorization, 1)
  },
)

t.test('a pushed request has the same parameters as a plain one', async (t) => {
  const stack = await startStack(t, { ...always, auth0: { settings: { pushedAuthorization: 'offered' } } })
  const browser = createBrowser()
  const login = await browser.open(`${stack.url}/.stagedoor/login?organization=org_demo`)
  await browser.submit(login.url, '/u/login', { username: 'jane@example.com', password: 'stagedoor' })
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
  t.match(
    [...stack.auth0.tenant.logins.values()],
    [{ organizationId: 'org_demo', scopes: ['openid', 'profile', 'email', 'offline_access'] }],
  )
})

t.test(
  'requests are plain where the provider offers pushed requests, and neither it nor configuration requires them',
  async (t) => {
    const stack = await startStack(t, { auth0: { settings: { pushedAuthorization: 'offered' } } })
    t.equal((await stack.signIn()).page.status, 200)
    t.equal(stack.auth0.counters.pushedAuthorization, 0)
  },
)

t.test('`never` sends plain requests, even if the discovery document requires pushed ones', async (t) => {
  const never = { config: { auth0: { pushedAuthorization: 'never' } } }
  const stack = await startStack(t, { ...never, auth0: { settings: { pushedAuthorization: 'required' } } })
  const { location = '' } = await createBrowser().step(`${stack.url}/.stagedoor/login`)
  t.ok(new URL(location).searchParams.get('code_challenge'))
})

t.test('a push authenticates with the next secret when the first is rejected', async (t) => {
  const clientSecrets = ['the-secret-of-yesterday', 'stagedoor-demo-secret-for-local-use-only']
  const config = { auth0: { ...always.config.auth0, clientSecrets } }
  const stack = await startStack(t, { config, auth0: { settings: { pushedAuthorization: 'required' } } })
  t.equal((await stack.signIn()).page.status, 200)
})

t.test('while pushing fails, logins do not fall back to plain requests', async (t) => {
  const stack = await startStack(t, { ...always, auth0: { settings: { pushedAuthorization: 'offered' } } })
  const { switches } = stack.auth0
  const tryLogin = () => createBrowser().open(`${stack.url}/.stagedoor/login`)

  for (const kind of ['refuse', 'error'] as const) {
    switches.down(kind, ['/oauth/par'])
    t.match(await tryLogin(), { status: 503, text: /STAGEDOOR_OIDC_UNAVAILABLE/ }, `${kind}: the page of an outage`)
  }
  switches.down('garbage', ['/oauth/par'])
  t.match(
    await tryLogin(),
    { status: 502, text: /STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED/ },
    'an answer that is none',
  )
  switches.up()
  switches.failNext('/oauth/par', [400])
  t.match(await tryLogin(), { status: 502, text: /STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED/ }, 'a refusal')
  t.equal((await stack.signIn()).page.status, 200, 'and then as usual')
})

t.test('if configuration requires pushed requests, the error names a provider without that endpoint', async (t) => {
  const stack = await startStack(t, always)
  t.match(await createBrowser().open(`${stack.url}/.stagedoor/login`), {
    status: 502,
    text: /STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED/,
  })
})
