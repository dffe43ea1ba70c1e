import { generateKeyPairSync } from 'node:crypto'

import t, { type Test } from 'tap'

import type { LocalAuth0Options } from '../../auth0/local/server.ts'
import { startStack } from '../support/stack.ts'

type KeyPair = { pem: string; publicPem: string }

function keyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' })
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }), publicPem }
}

/** A stack that records what the token endpoint answers to the gateway. */
async function startWatched(
  t: Test,
  auth0: Record<string, unknown>,
  standIn: LocalAuth0Options = {},
  onCall = () => {},
) {
  const statuses: number[] = []
  const bodies: URLSearchParams[] = []
  const watching = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const response = await fetch(input, init)
    if (String(input instanceof Request ? input.url : input).endsWith('/oauth/token')) {
      onCall()
      statuses.push(response.status)
      bodies.push(init?.body as URLSearchParams)
    }
    return response
  }
  const stack = await startStack(t, { config: { auth0 }, auth0: standIn, fetch: watching })
  const useKeys = (...pairs: KeyPair[]): void => {
    const credentials = pairs.map(({ publicPem }, i) => ({ id: `cred_${i}`, name: `key ${i}`, pem: publicPem }))
    stack.auth0.switches.setClient(stack.auth0.clientId, {
      credentials,
      activeCredentials: credentials.map(({ id }) => id),
    })
  }
  return { stack, statuses, bodies, useKeys }
}

t.test('a secret that works is tried first from then on', async (t) => {
  const { stack, statuses } = await startWatched(t, {
    clientSecrets: ['rotated-away', 'stagedoor-demo-secret-for-local-use-only'],
  })
  t.equal((await stack.signIn()).page.status, 200)
  t.same(statuses, [401, 200])
  t.equal((await stack.signIn('max@example.com')).page.status, 200)
  t.same(statuses, [401, 200, 200])
  stack.auth0.switches.setClientSecret(stack.auth0.clientId, 'rotated-away')
  t.equal((await stack.signIn()).page.status, 200, 'and back, when the other one works')
  t.same(statuses, [401, 200, 200, 401, 200])
})

t.test('a login succeeds while Auth0 distributes a new secret, although both secrets were refused once', async (t) => {
  let calls = 0
  const former = 'stagedoor-demo-secret-for-local-use-only'
  // The server that takes the first call knows only the new secret; the servers that take the others know only the old one.
  const random = () => (calls === 0 ? 0.9 : 0.1)
  const { stack, statuses } = await startWatched(
    t,
    { clientSecrets: [former, 'the next secret'] },
    { random },
    () => (calls += 1),
  )
  stack.auth0.switches.setClientSecret(stack.auth0.clientId, 'the next secret', { overlapSeconds: 30 })
  t.equal((await stack.signIn()).page.status, 200)
  t.same(statuses, [401, 401, 200])
})

t.test('if no secret is valid, each is tried four times, and the page says what to compare', async (t) => {
  const { stack, statuses } = await startWatched(t, { clientSecrets: ['wrong', 'also wrong'] })
  const { page } = await stack.signIn()
  t.equal(page.status, 502)
  t.match(page.text, /STAGEDOOR_OIDC_CLIENT_REJECTED/)
  t.same(statuses, Array(8).fill(401))
})

t.test('the next secret is tried only after a rejected client: no other failure sends a code twice', async (t) => {
  const { stack, statuses } = await startWatched(t, {
    clientSecrets: ['stagedoor-demo-secret-for-local-use-only', 'another'],
  })
  stack.auth0.switches.failNext('/oauth/token', [403])
  t.equal((await stack.signIn()).page.status, 502)
  t.same(statuses, [403])
})

t.test('a private key authenticates the application, and two keys work while one replaces the other', async (t) => {
  const [old, fresh] = [keyPair(), keyPair()]
  const { stack, statuses, bodies, useKeys } = await startWatched(t, {
    clientSecrets: [],
    privateKeys: [fresh.pem, old.pem],
  })
  useKeys(old)
  t.equal((await stack.signIn()).page.status, 200, 'the new one is not registered yet')
  t.same(statuses, [401, 200])
  useKeys(old, fresh)
  t.equal((await stack.signIn()).page.status, 200)
  useKeys(fresh)
  t.equal((await stack.signIn()).page.status, 200, 'the old one is gone')
  t.same(statuses, [401, 200, 200, 401, 200])
  for (const body of bodies) {
    t.equal(body.get('client_assertion_type'), 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    t.equal(body.get('client_secret'), null)
  }
})

t.test('keys are tried before secrets', async (t) => {
  const key = keyPair()
  const { stack, statuses, useKeys } = await startWatched(t, {
    privateKeys: [key.pem],
    clientSecrets: ['stagedoor-demo-secret-for-local-use-only'],
  })
  t.equal((await stack.signIn()).page.status, 200, 'the application has a secret only')
  useKeys(key)
  t.equal((await stack.signIn()).page.status, 200, 'and now a key only')
  t.same(statuses, [401, 200, 401, 200])
})

t.test(
  'a provider that accepts only client_secret_basic gets the secret in the Authorization header (oidcc-client-test-client-secret-basic)',
  async (t) => {
    const seen: { authorization: string | null; body: URLSearchParams }[] = []
    const basicOnly = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const url = String(input instanceof Request ? input.url : input)
      const response = await fetch(input, init)
      if (url.endsWith('/oauth/token'))
        seen.push({
          authorization: new Headers(init?.headers).get('authorization'),
          body: init?.body as URLSearchParams,
        })
      if (!url.includes('.well-known/openid-configuration')) return response
      const metadata = (await response.json()) as object
      return Response.json({ ...metadata, token_endpoint_auth_methods_supported: ['client_secret_basic'] })
    }
    const stack = await startStack(t, { fetch: basicOnly })
    t.equal((await stack.signIn()).page.status, 200)
    const [trade] = seen
    // RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
    const [, sent = ''] = /^Basic (.+)$/.exec(trade?.authorization ?? '') ?? []
    const pair = decodeURIComponent(Buffer.from(sent, 'base64').toString())
    t.equal(pair, `${stack.auth0.clientId}:stagedoor-demo-secret-for-local-use-only`)
    t.equal(trade?.body.has('client_secret'), false, 'and not in the body as well')
  },
)
