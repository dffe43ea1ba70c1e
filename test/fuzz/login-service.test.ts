import * as fc from 'fast-check'
import t, { type Test } from 'tap'

import { type LocalAuth0, startLocalAuth0 } from '../../auth0/local/server.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { ask, type Claims, forge, machinesIn, machineToken } from '../support/machine.ts'
import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { passLoginPageUntilCallback } from '../support/stack.ts'
import { fuzzParameters, nastyJson, nastyText } from './support.ts'

const secret = 'a secret for tests, at least 32 characters'
const documents = {
  '.well-known/openid-configuration': [
    'issuer',
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'end_session_endpoint',
    'pushed_authorization_request_endpoint',
    'require_pushed_authorization_requests',
    'token_endpoint_auth_methods_supported',
    'id_token_signing_alg_values_supported',
    'authorization_response_iss_parameter_supported',
    'backchannel_logout_supported',
    '__proto__',
  ],
  'oauth/token': [
    'access_token',
    'id_token',
    'token_type',
    'expires_in',
    'scope',
    'refresh_token',
    'error',
    '__proto__',
  ],
  '.well-known/jwks.json': ['keys', '__proto__'],
}
const claimNames = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nonce',
  'sid',
  'azp',
  'at_hash',
  'amr',
  'auth_time',
  'org_id',
  'name',
  'email',
  'https://portal.example.com/roles',
  '__proto__',
]

type Change = { document: string; change: (text: string, auth0: LocalAuth0) => string; status: number }

const replaced = fc
  .constantFrom(...Object.entries(documents))
  .chain(([document, names]) =>
    fc.record({ document: fc.constant(document), name: fc.constantFrom(...names), value: nastyJson }),
  )
  .map(({ document, name, value }) => ({ document, change: (text: string) => withMember(text, name, value) }))
const keys = nastyJson.map((value) => ({
  document: '.well-known/jwks.json',
  change: (text: string) => withMember(text, 'keys', [value, value]),
}))
const claims = fc.tuple(fc.constantFrom(...claimNames), nastyJson).map(([name, value]) => ({
  document: 'oauth/token',
  change: (text: string, auth0: LocalAuth0) => withClaim(text, auth0, name, value),
}))
const texts = fc
  .tuple(fc.constantFrom(...Object.keys(documents)), fc.oneof(nastyText, nastyJson.map(asText)))
  .map(([document, text]) => ({ document, change: () => text }))
const changes: fc.Arbitrary<Change> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: replaced }, { weight: 2, arbitrary: claims }, keys, texts),
    fc.constantFrom(200, 200, 200, 200, 201, 301, 400, 401, 403, 500),
  )
  .map(([change, status]) => ({ ...change, status }))

/** The issuer's own document with an invalid address. */
const endpoints: Change[] = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'end_session_endpoint'].flatMap(
  (name) =>
    [null, 42, '', 'no address', 'javascript:0'].map((value) => ({
      document: '.well-known/openid-configuration',
      change: (text: string) => withMember(text, name, value),
      status: 200,
    })),
)

t.test(
  'for any answer of the login service, logins end with an explaining page, and the gateway answers others',
  { timeout: 3_600_000 },
  async (t) => {
    const port = await freePort()
    const url = `http://localhost:${port}`
    const auth0 = await startLocalAuth0({ callbacks: [`${url}/.stagedoor/callback`], logoutUrls: [url] })
    t.teardown(() => auth0.close())
    const { url: upstream } = await startOrigin(t)
    const process = watchProcess(t)

    await fc.assert(
      fc.asyncProperty(changes, async (change) => {
        const { ends, run } = shortTest()
        try {
          await startGateway(run, { auth0, upstream, port, config, fetch: changing(change, auth0) })
          const pages = await logIn(url)
          pages.push(await ask(`${url}/a`, machineToken(auth0)))
          for (const { status } of pages) {
            if (status >= 500 && ![502, 503].includes(status)) throw new Error(`${status}: ${JSON.stringify(pages)}`)
          }
          if ((await ask(`${url}/open/a`)).status !== 200) throw new Error('another request is not answered')
          if (process.escaped.length > 0) throw new Error('it escaped', { cause: process.escaped.pop() })
        } finally {
          for (const end of ends.toReversed()) await end()
        }
      }),
      {
        ...fuzzParameters,
        numRuns: Math.ceil(fuzzParameters.numRuns / 4),
        examples: endpoints.map((change) => [change]),
      },
    )
  },
)

const config = {
  session: { secrets: [secret] },
  machines: machinesIn,
  routes: [
    { name: 'open', path: '/open/**', allow: 'public' },
    { name: 'rest', path: '/**', allow: 'authenticated' },
  ],
}

/** Signs in as far as possible. @returns the answers of the gateway */
async function logIn(url: string): Promise<{ status: number }[]> {
  const browser = createBrowser()
  const first = await browser.step(`${url}/.stagedoor/login?return_to=/a`)
  if (first.status !== 302) return [first]
  const login = await openElsewhere(first)
  if (login === undefined) return [first]
  const callback = await passLoginPageUntilCallback(url, login, browser)
  return callback.startsWith(url) ? [first, await browser.step(callback)] : [first]

  /** The discovery document may send the browser to an invalid address. */
  async function openElsewhere({ location = '' }: Page): Promise<Page | undefined> {
    const page = await browser.open(location).catch(() => undefined)
    return page?.text.includes('name="password"') ? page : undefined
  }
}

function changing({ document, change, status }: Change, auth0: LocalAuth0): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (!String(input instanceof Request ? input.url : input).endsWith(document)) return response
    const text = change(await response.text(), auth0)
    return new Response(text, { status, headers: { 'content-type': 'application/json' } })
  }
}

function asText(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

/** Built as text, because `__proto__` has to be an ordinary member. */
function withMember(text: string, name: string, value: unknown): string {
  const members = Object.entries(JSON.parse(text) as object).filter(([known]) => known !== name)
  return `{${[...members, [name, value] as const].map(([key, member]) => `${asText(key)}:${asText(member)}`).join(',')}}`
}

function withClaim(text: string, auth0: LocalAuth0, name: string, value: unknown): string {
  const answer = JSON.parse(text) as Claims
  const part = String(answer['id_token']).split('.')[1] ?? ''
  if (part === '') return text
  const changed = JSON.parse(withMember(Buffer.from(part, 'base64url').toString(), name, value)) as Claims
  const key = auth0.signingKey()
  return withMember(text, 'id_token', forge(key, { alg: 'RS256', kid: key.kid }, changed))
}

/** A `Test` whose teardowns run after one run of the property, not after the test. */
function shortTest(): { ends: (() => unknown)[]; run: Test } {
  const ends: (() => unknown)[] = []
  return { ends, run: { teardown: (end: () => unknown) => void ends.push(end) } as unknown as Test }
}

function watchProcess(t: Test): { escaped: unknown[] } {
  const escaped: unknown[] = []
  const onEscape = (error: unknown): void => void escaped.push(error)
  process.on('uncaughtException', onEscape).on('unhandledRejection', onEscape)
  t.teardown(() => process.off('uncaughtException', onEscape).off('unhandledRejection', onEscape))
  return { escaped }
}

t.test('for any content of a sealed login, its callback is a client error', { timeout: 3_600_000 }, async (t) => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const auth0 = await startLocalAuth0({ callbacks: [`${url}/.stagedoor/callback`] })
  t.teardown(() => auth0.close())
  const { url: upstream } = await startOrigin(t)
  await startGateway(t, { auth0, upstream, port, config })
  const [cookies, states] = [createSealer([secret], 'transaction'), createSealer([secret], 'login state')]
  const members = fc.record(
    {
      id: nastyJson,
      slot: nastyJson,
      returnTo: nastyJson,
      startedAt: nastyJson,
      nonce: nastyJson,
      codeVerifier: nastyJson,
      secondFactor: nastyJson,
      organization: nastyJson,
    },
    { requiredKeys: [] },
  )
  const contents = fc.oneof(
    nastyJson,
    members,
    members.map((given) => ({ slot: '0', id: 'a', returnTo: '/', startedAt: Date.now(), ...given })),
  )
  await fc.assert(
    fc.asyncProperty(contents, contents, async (transaction, state) => {
      const cookie = `stagedoor-tx.0=${await cookies.seal(transaction ?? null)}`
      const query = new URLSearchParams({ code: 'a', state: await states.seal(state ?? null) })
      const headers = { cookie, 'sec-fetch-mode': 'navigate' }
      const callback = await ask(`${url}/.stagedoor/callback?${query.toString()}`, undefined, headers)
      const login = await ask(`${url}/.stagedoor/login`, undefined, headers)
      for (const { status, body } of [callback, login]) {
        if (status >= 500 && status !== 502) throw new Error(`${status}: ${JSON.stringify(body)}`)
      }
    }),
    fuzzParameters,
  )
})
