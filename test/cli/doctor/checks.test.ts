import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { appBaseUrlIn } from '../../../src/cli/doctor/backstage-checks.ts'
import { type Check, runChecks } from '../../../src/cli/doctor/check.ts'
import { claimsCheck } from '../../../src/cli/doctor/claims-check.ts'
import { cookieComplaint } from '../../../src/cli/doctor/gateway-checks.ts'
import { isPrivateAddress } from '../../../src/cli/doctor/logout-checks.ts'
import { secretAgeCheck } from '../../../src/cli/doctor/secret-age.ts'
import { runSelfTest } from '../../../src/cli/doctor/self-test.ts'
import { tlsChecks } from '../../../src/cli/doctor/tls-checks.ts'
import { waysToReach, whyNoAnswer } from '../../../src/cli/why-no-answer.ts'
import { fingerprint } from '../../../src/config/fingerprints.ts'
import { configSchema } from '../../../src/config/schema.ts'
import { Secret } from '../../../src/config/values/secret.ts'
import { startTlsGateway } from '../../listener/support.ts'
import { startCertificates } from '../../support/certificates.ts'
import { startOrigin } from '../../support/origin.ts'
import type { Stack } from '../../support/stack.ts'
import { temporaryFolder } from '../rotate/support.ts'
import {
  backstageLike,
  demoAudience,
  examine,
  type Fault,
  newPrivateKey,
  puller,
  setClient,
  setStreams,
  signedIn,
  webhook,
} from './support.ts'

t.test('a forged identity that Backstage accepts is an error, for each kind', async (t) => {
  const { findings, exitCode } = await examine(t, { backstage: { '/api/auth/stagedoor/refresh': signedIn } })
  const alarms = findings.filter(({ id }) => id === 'backstage-forgery')
  t.same(
    alarms.map(({ found }) => found),
    [
      'signed with a wrong key',
      'for a wrong audience',
      'that has expired',
      'without a signature (alg none)',
      'without an assertion',
      'with nothing but X-Forwarded-User',
    ].map((kind) => `DANGER: Backstage accepts an identity ${kind}`),
  )
  t.equal(exitCode, 2)
})

t.test('why the Management API refuses is told in its words, and only a lack of permissions as one', async (t) => {
  const refuse = (status: number) => (stack: Stack) =>
    stack.auth0.switches.failNext(
      '/api/v2/',
      Array.from({ length: 20 }, () => status),
    )
  for (const status of [401, 404, 503]) {
    const { findings, out } = await examine(t, { arguments: ['--management'], cause: refuse(status) })
    const [access] = findings.filter(({ id }) => id === 'management-access')
    t.match(access?.found, `the Management API answers ${status}`)
    t.notMatch(out, 'may not read')
  }
  const text = await examine(t, { command: ['doctor', '--management'], cause: refuse(401), arguments: [] })
  t.match(text.out, /not checked, because the Management API answers 401.*: auth0-app-type/)
})

t.test('a token that sees the keys of the application alone says nothing of its settings', async (t) => {
  const scope = (stack: Stack) => {
    const audience = `${stack.auth0.issuer}api/v2/`
    stack.auth0.switches.setClient('stagedoor-management', { apiScopes: { [audience]: ['read:client_credentials'] } })
  }
  const { ids, out } = await examine(t, { arguments: ['--management'], cause: scope })
  t.same(ids, ['management-access'])
  t.notOk(JSON.parse(out).checks.includes('auth0-signature'), 'nothing is said of what was not seen')
})

t.test('an issuer without its slash is reported with the correct spelling', async (t) => {
  const { stack } = await examine(t)
  const issuer = stack.auth0.issuer.slice(0, -1)
  const { findings, ids } = await examine(t, {
    config: {},
    cause: ({ auth0 }) => void (auth0.tenant.issuer = `${auth0.issuer}x/`),
  })
  t.ok(ids.includes('auth0-issuer'), issuer)
  t.match(findings.find(({ id }) => id === 'auth0-issuer')?.fix, /Write auth0.issuer: http.*x\//)
})

t.test('a start tries forged identities on Backstage, and fails if one is accepted and so configured', async (t) => {
  const seen: unknown[] = []
  const log = (...words: unknown[]) => void seen.push(words)
  const logger = { warn: log, error: log } as never
  const origin = await startOrigin(t, backstageLike('http://localhost', { '/api/auth/stagedoor/refresh': signedIn }))
  const config = (selfTest: string, url: string) =>
    configSchema.parse({
      server: { baseUrl: 'http://localhost:8080', selfTest },
      auth0: { issuer: 'https://t.example.com/', clientId: 'a', clientSecrets: ['b'] },
      session: { secrets: ['a secret for tests, at least 32 characters'] },
      upstreams: { backstage: { url } },
      routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
    })
  const surroundings = { logger, fetch, now: Date.now }
  await runSelfTest(config('warn', origin.url), surroundings)
  t.equal(seen.length, 6)
  await t.rejects(runSelfTest(config('refuse', origin.url), surroundings), /Backstage accepts an identity signed with/)
  const good = await startOrigin(t, backstageLike('http://localhost'))
  seen.length = 0
  await runSelfTest(config('refuse', good.url), surroundings)
  t.same(seen, [])
  await runSelfTest(config('refuse', 'http://127.0.0.1:1'), surroundings)
  const finding = [{ check: 'backstage-reachable' }, /^http:\/\/127\.0\.0\.1:1 does not answer/]
  t.match(seen, [finding], 'while Backstage is away the start goes on')
})

t.test('a correct setup of machines, events and an API has no findings, with and without a token', async (t) => {
  const fault: Fault = {
    config: {
      auth0: { audience: demoAudience, events: { pull: puller(), webhook } },
      machines: { audiences: [demoAudience] },
    },
    cause: setStreams({ id: 'est_1', status: 'enabled' }),
  }
  t.same((await examine(t, fault)).ids, [])
  t.same((await examine(t, { ...fault, arguments: ['--management'] })).ids, [])
})

t.test('claims that Auth0 drops are reported', async (t) => {
  const judge = async (issuer: string, claims: object) => {
    const config = {
      auth0: { issuer, claims: { roles: ['https://x/roles', 'roles'], groups: ['https://x/g'], ...claims } },
    }
    return (await resultOf([claimsCheck], 'auth0-claims', { config }))?.map(({ found }) => found)
  }
  const tenant = 'https://tenant.eu.auth0.com/'
  t.same(await judge(tenant, {}), [])
  t.same(await judge(tenant, { groups: ['groups', 'teams'] }), ['auth0.claims.groups names groups, teams only'])
  t.equal(await judge('https://login.example.com/', { roles: ['roles'] }), undefined, 'other providers keep them')
})

t.test('cookies that an intermediary changes are reported', async (t) => {
  const good = '__Host-stagedoor-tx.a=b; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax'
  t.equal(cookieComplaint(good, true), undefined)
  t.match(cookieComplaint(undefined, true), /has no cookie/)
  t.match(cookieComplaint(good.replace('Secure; ', ''), true), /arrives without secure/)
  t.match(cookieComplaint(good.replace('Path=/', 'Path=/portal'), true), /arrives without path=\//)
  t.match(cookieComplaint(`${good}; Domain=example.com`, true), /arrives with a Domain/)
})

t.test('the base URL of the app comes from Backstage’s page', async (t) => {
  const page =
    '<script type="backstage.io/config">\n[{"data":{"app":{"title":"x","baseUrl":"https://p"},"backend":{}}}]</script>'
  t.equal(appBaseUrlIn(page), 'https://p')
  t.equal(appBaseUrlIn('<html></html>'), undefined)
})

const online: [what: string, fault: Fault, expected: RegExp, exitCode: number][] = [
  ['all is well', {}, /^OK\n✓ Auth0 can be discovered[^]*checks, all well\.\n$/, 0],
  [
    'Auth0 is away',
    { cause: ({ auth0 }) => auth0.switches.down('refuse') },
    /does not answer: [^(]+ \(auth0-discovery\)/,
    1,
  ],
  ['no such client', { config: { auth0: { clientId: 'nobody' } } }, /\(auth0-client-id\)/, 1],
  ['no such audience', { config: { auth0: { audience: 'https://nowhere.example.com' } } }, /\(auth0-audience\)/, 1],
  ['a wrong secret', { config: { auth0: { clientSecrets: ['wrong'] } } }, /\(auth0-client-secret\)/, 1],
  [
    'Auth0 does not have the key',
    { config: { auth0: { clientSecrets: [], privateKeys: [newPrivateKey()] } } },
    /\(auth0-private-key\)/,
    1,
  ],
]
for (const [what, fault, expected, exitCode] of online) {
  t.test(`check --online reports when ${what}`, async (t) => {
    const seen = await examine(t, { ...fault, command: ['check', '--online'] })
    t.match(seen.out, expected)
    t.equal(seen.exitCode, exitCode)
  })
}

t.test('the text output has the meaning and the remedy of every finding', async (t) => {
  const { out } = await examine(t, { cause: setClient({ callbacks: [] }), arguments: [] })
  t.match(out, /Allowed Callback URLs: add http:\/\/localhost:\d+\/.stagedoor\/callback/)
})

t.test('a check that cannot be made is reported with its reason, not as a success', async (t) => {
  const { out } = await examine(t, { cause: ({ auth0 }) => auth0.switches.down('refuse'), command: ['doctor'] })
  t.match(out, /^– not checked, because Auth0 cannot be discovered: auth0-issuer, auth0-keys, auth0-clock, .*/m)
  t.notMatch(out, /✓ (?:this machine’s clock|Auth0’s keys)/)
  t.notMatch(out, 'Redis', 'and nothing is said of what is not configured')
  t.match(out, /\d+ checks, \d+ could not be asked: 1 error, 0 warnings\./)
})

t.test('with a token of few scopes the doctor says what it could not read', async (t) => {
  const scopes = ['read:clients']
  const { out, exitCode } = await examine(t, {
    cause: ({ auth0 }) =>
      auth0.switches.setClient('stagedoor-management', { apiScopes: { [`${auth0.issuer}api/v2/`]: scopes } }),
    arguments: [],
    command: ['doctor', '--management'],
  })
  t.match(out, /^– not checked, because the management token may not read it \(read:actions\): auth0-action$/m)
  t.match(out, /\(read:connections\): auth0-social-keys$/m)
  t.equal(exitCode, 0)
})

t.test('a certificate that expires within two weeks is reported', async (t) => {
  const { certificate, key } = await startCertificates(t)
  const { baseUrl } = await startTlsServer(t, { cert: await readFile(certificate), key: await readFile(key) })
  const config = { server: { baseUrl } }
  const judge = (nowMs: number) => resultOf(tlsChecks, 'certificate', { config, now: () => nowMs })
  t.match(await judge(Date.now()), [{ severity: 'warning', found: `the certificate of ${baseUrl} expires in 1 day` }])
  t.match(await judge(Date.now() + 3 * 86_400_000), [{ severity: 'error', found: /has expired$/ }])
  t.same(await judge(Date.now() - 30 * 86_400_000), [])
})

t.test('a file without a certificate is reported', async (t) => {
  const { key } = await startCertificates(t)
  const config = { server: { baseUrl: 'http://localhost:1', tls: { certificate: key, key } } }
  t.match(await resultOf(tlsChecks, 'certificate', { config }), [
    { severity: 'error', found: `${key} holds no certificate in PEM form` },
  ])
})

t.test('a server with old TLS versions or ciphers is reported, and our own listener has neither', async (t) => {
  const { certificate, key } = await startRsaCertificate(t)
  const files = { cert: await readFile(certificate), key: await readFile(key) }
  const judge = async (options: TlsOptions) => {
    const { baseUrl } = await startTlsServer(t, { ...files, ...options })
    return resultOf(tlsChecks, 'tls', { config: { server: { baseUrl } } })
  }
  t.match(await judge({ minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }), [
    { severity: 'warning', found: /accepts TLSv1\.1$/ },
  ])
  t.match(await judge({ ciphers: 'AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256' }), [
    { severity: 'info', found: /accepts the old cipher AES128-SHA$/ },
  ])
  t.same(await judge({ minVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }), [])

  const gateway = await startTlsGateway(t, undefined, {}, () => ({ certificate, key }))
  t.same(await resultOf(tlsChecks, 'tls', { config: { server: { baseUrl: gateway.url } } }), [])
})

t.test('old ciphers at Auth0’s address are reported', async (t) => {
  const { certificate, key } = await startRsaCertificate(t)
  const files = { cert: await readFile(certificate), key: await readFile(key) }
  const judge = async (options: TlsOptions, env = {}) => {
    const { baseUrl } = await startTlsServer(t, { ...files, ...options })
    return resultOf(tlsChecks, 'auth0-tls', { config: { auth0: { issuer: `${baseUrl}/` } }, env })
  }
  const old = { maxVersion: 'TLSv1.2', ciphers: 'AES256-SHA' } as const
  t.match(await judge(old), [{ found: /uses TLSv1\.2 with AES256-SHA$/ }])
  t.same(await judge({}), [])
  t.same(await judge(old, { HTTPS_PROXY: 'http://proxy' }), undefined, 'a proxy speaks for itself')
})

t.test('networks that Auth0 cannot reach are distinguished from the internet', async (t) => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
  ])
    t.ok(isPrivateAddress(address), address)
  for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1']) t.notOk(isPrivateAddress(address), address)
})

t.test('the age of a client secret comes from the records of its rotation', async (t) => {
  const file = join(await temporaryFolder(t), 'rotation.jsonl')
  const secret = 'a secret that is in use'
  const recordOf = (id: string, time: string) =>
    JSON.stringify({ time, event: 'secret', change: { what: 'client-secret x', action: 'planned: stage begun', id } })
  const lines = [
    recordOf(fingerprint('another'), '2026-01-01T00:00:00.000Z'),
    recordOf(fingerprint(secret), '2026-02-01T00:00:00.000Z'),
    recordOf(fingerprint(secret), '2026-09-01T00:00:00.000Z'),
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  const judge = (value: string, now: string, path = file) =>
    resultOf([secretAgeCheck(path)], 'auth0-secret-age', {
      config: { auth0: { clientSecrets: [new Secret(value)] } },
      now: () => Date.parse(now),
    })
  t.same(await judge(secret, '2026-07-01T00:00:00Z'), [])
  t.match(await judge(secret, '2026-08-01T00:00:00Z'), [{ severity: 'warning', found: /is 181 days old$/ }])
  t.match(await judge('of nobody', '2026-08-01T00:00:00Z'), [
    { severity: 'info', found: /no record of the secret in use/ },
  ])
  t.match(await judge(secret, '2026-08-01T00:00:00Z', `${file}.gone`), [{ severity: 'info', found: /cannot be read$/ }])
})

t.test('an unreachable server is reported with its reason and remedy', async (t) => {
  const { certificate, key } = await startCertificates(t)
  const { baseUrl } = await startTlsServer(t, { cert: await readFile(certificate), key: await readFile(key) })
  const reasonAt = async (url: string) => whyNoAnswer(await fetch(url).catch((error: unknown) => error))
  const [untrusted, refused] = [await reasonAt(baseUrl), await reasonAt('http://127.0.0.1:1/')]
  t.equal(untrusted, 'self-signed certificate')
  t.match(waysToReach(untrusted, 'host'), 'auth0.tls.ca')
  t.match(refused, /ECONNREFUSED|bad port/)
  t.match(waysToReach('connect ECONNREFUSED 127.0.0.1:1', 'tenant'), /HTTPS_PROXY/)
  t.match(waysToReach('getaddrinfo ENOTFOUND tenant', 'tenant'), /DNS/)
  t.match(waysToReach('write EPROTO … handshake failure', 'tenant'), /breaks TLS/)
  t.equal(
    whyNoAnswer(
      new Error('fetch failed', { cause: AbortSignal.timeout(0).reason ?? new DOMException('', 'TimeoutError') }),
    ),
    'no answer in time',
  )
  t.equal(whyNoAnswer(new AggregateError([], '')), 'AggregateError')
})

type TlsOptions = Parameters<typeof createServer>[0]

async function startTlsServer(t: Test, options: TlsOptions): Promise<{ baseUrl: string }> {
  const server = createServer(options, (_request, response) => void response.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { baseUrl: `https://localhost:${(server.address() as AddressInfo).port}` }
}

/** TLS_RSA ciphers need an RSA key. */
async function startRsaCertificate(t: Test) {
  return startCertificates(t, 'first', ['-newkey', 'rsa:2048'])
}

/** The findings of one check; undefined if there is nothing to check. */
async function resultOf(checks: readonly Check[], id: string, context: object) {
  const only = checks.filter((one) => one.id === id)
  const [result] = await runChecks(only, { env: {}, now: Date.now, ...context } as never)
  return result?.findings
}
