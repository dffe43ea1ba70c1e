import { generateKeyPairSync, sign } from 'node:crypto'

import t from 'tap'

import { startStack } from '../support/stack.ts'

/** The identity header of an Application Load Balancer: ES256, the signer in the head, base64url with padding. */
function albIdentity(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const head = {
    typ: 'JWT',
    kid: '12345678-1234-1234-1234-123456789012',
    alg: 'ES256',
    iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_aB3dE5gH7',
    client: 'client-id',
    signer: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/portal/0123456789abcdef',
    exp: 4_000_000_000,
  }
  const claims = { sub: '1234567890', email: 'jane@example.com', username: 'jane', exp: 4_000_000_000, iss: head.iss }
  const padded = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  const signed = [head, claims].map((part) => padded(Buffer.from(JSON.stringify(part)))).join('.')
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${padded(signature)}`
}

t.test('identity headers of an AWS load balancer are neither trusted nor forwarded', async (t) => {
  const identity = albIdentity()
  t.match(identity, '=', 'padded, as the load balancer does it')
  const stack = await startStack(t, {
    upstream: (request, response) => response.end(JSON.stringify(request.headers)),
  })
  const said = {
    'x-amzn-oidc-data': identity,
    'x-amzn-oidc-identity': '1234567890',
    'x-amzn-oidc-accesstoken': 'token',
    x_amzn_oidc_data: identity,
  }
  const stranger = await fetch(`${stack.url}/`, { headers: said })
  t.equal(stranger.status, 401, 'it is no login')
  const { browser } = await stack.signIn()
  const page = await browser.fetch(`${stack.url}/`, { headers: said })
  const received = Object.keys(JSON.parse(page.text))
  t.same(
    received.filter((name) => name.includes('amzn')),
    [],
  )
  t.ok(received.includes('x-stagedoor-assertion'))
})

t.test('the identity token of an AWS load balancer is not accepted as a bearer token', async (t) => {
  const stack = await startStack(t)
  const answer = await fetch(`${stack.url}/`, { headers: { authorization: `Bearer ${albIdentity()}` } })
  t.equal(answer.status, 401)
})

t.test('a trusted load balancer determines the client’s address and the trace id', async (t) => {
  const stack = await startStack(t, {
    config: { server: { trustedProxies: ['127.0.0.0/8'] } },
    upstream: (request, response) => response.end(JSON.stringify(request.headers)),
  })
  const { browser } = await stack.signIn()
  const trace = 'Root=1-67891233-abcdef012345678912345678'
  const page = await browser.fetch(`${stack.url}/`, {
    headers: {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '80',
      'x-amzn-trace-id': trace,
    },
  })
  t.match(JSON.parse(page.text), { 'x-forwarded-for': '203.0.113.9', 'x-amzn-trace-id': trace })
})
