import { ClientError } from 'openid-client'
import t from 'tap'

import { isAuthTimeRefused } from '../../src/oidc/failures.ts'
import { provesSecondFactor, type SecondFactor } from '../../src/oidc/second-factor.ts'
import { destinationOf, maxAgeSecondsOf, multiFactorAcr, stepUpParameters, stepUpPath } from '../../src/oidc/step-up.ts'

const now = 1_700_000_000_000
const secondsAgo = (seconds: number): number => now / 1000 - seconds

const proofs: [
  what: string,
  amr: string[],
  authTimeSeconds: number | undefined,
  secondFactor: SecondFactor,
  isProof: boolean,
][] = [
  ['a second factor at any time', ['mfa'], undefined, {}, true],
  ['another method', ['pwd', 'otp'], secondsAgo(0), {}, false],
  ['no method', [], secondsAgo(0), { withinMs: 60_000 }, false],
  ['a second factor in time', ['pwd', 'mfa'], secondsAgo(60), { withinMs: 60_000 }, true],
  ['a second factor too long ago', ['mfa'], secondsAgo(61), { withinMs: 60_000 }, false],
  ['a second factor of a clock that is a little ahead', ['mfa'], secondsAgo(-60), { withinMs: 60_000 }, true],
  ['a second factor of a time to come', ['mfa'], secondsAgo(-61), { withinMs: 60_000 }, false],
  ['a second factor of no time', ['mfa'], undefined, { withinMs: 60_000 }, false],
]
for (const [what, amr, authTimeSeconds, secondFactor, isProof] of proofs) {
  t.test(`${what} ${isProof ? 'proves' : 'does not prove'} the step-up`, async (t) => {
    const session = { amr, ...(authTimeSeconds !== undefined && { authTimeSeconds }) }
    t.equal(provesSecondFactor(session, secondFactor, now), isProof)
  })
}

t.test('a step-up requests the second factor, and its maximum age if a rule has one', async (t) => {
  t.same(stepUpParameters(undefined), {})
  t.same(stepUpParameters({}), { acr_values: multiFactorAcr })
  t.same(stepUpParameters({ withinMs: 900_500 }), { acr_values: multiFactorAcr, max_age: '900' })
  t.equal(maxAgeSecondsOf({}), undefined)
})

t.test('a login leads to a page, or through the step-up endpoint to a page that needs it', async (t) => {
  const base = 'https://portal.example.com'
  t.same(destinationOf('/api/x?for=/y#z', base, '/.stagedoor'), { path: '/api/x', methods: ['GET'] })
  const way = stepUpPath('/.stagedoor', '/api/a b?', '/page?x=1&y')
  t.same(destinationOf(way, base, '/.stagedoor'), {
    path: '/api/a b?',
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  })
  t.equal(new URL(way, base).searchParams.get('return_to'), '/page?x=1&y')
  t.equal(destinationOf('/.stagedoor/step-up', base, '/.stagedoor').path, '/')
})

const refused = (code: string, claim?: string): ClientError => {
  const details = claim === undefined ? {} : { cause: new Error('y', { cause: { claim } }) }
  return Object.assign(new ClientError('x', details), { code })
}

t.test('an ID token of a login that is too old has its own code and claim', async (t) => {
  t.equal(isAuthTimeRefused(refused('OAUTH_JWT_TIMESTAMP_CHECK_FAILED', 'auth_time')), true)
  t.equal(isAuthTimeRefused(refused('OAUTH_JWT_TIMESTAMP_CHECK_FAILED', 'exp')), false)
  t.equal(isAuthTimeRefused(refused('OAUTH_INVALID_RESPONSE', 'auth_time')), false)
  t.equal(isAuthTimeRefused(refused('OAUTH_JWT_TIMESTAMP_CHECK_FAILED')), false)
  t.equal(isAuthTimeRefused(new Error('x')), false)
})
