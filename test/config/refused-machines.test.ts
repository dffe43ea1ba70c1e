import t from 'tap'

import { machineContradictions } from '../../src/config/machine-checks.ts'
import { least, load, problemsIn, refusalTable } from './support.ts'

refusalTable([
  [
    'an audience that is our client id, which every ID token has',
    'machines: { audiences: [abc] }',
    'machines.audiences[0]',
    /never a client id/,
    /create an API in Auth0/,
  ],
  [
    'the same with another issuer',
    "machines: { issuers: [{ issuer: 'https://x.example/', audiences: [abc] }] }",
    'machines.issuers[0].audiences',
    /never a client id/,
    /create an API/,
  ],
  [
    'our own issuer once more',
    "machines: { issuers: [{ issuer: 'https://tenant.eu.auth0.com/', audiences: [x] }] }",
    'machines.issuers[0].issuer',
    /another issuer than auth0.issuer/,
    /machines.audiences/,
  ],
  [
    'one issuer twice',
    "machines: { issuers: [{ issuer: 'https://x.example/', audiences: [x] }, { issuer: 'https://x.example/', audiences: [y] }] }",
    'machines.issuers[1].issuer',
    /machines\.issuers\[0\]/,
    /audiences/,
  ],
  [
    'an issuer on plain http',
    "machines: { issuers: [{ issuer: 'http://x.example/', audiences: [x] }] }",
    'machines.issuers[0].issuer',
    /https/,
    /an attacker can forge machines/,
  ],
  [
    'an issuer that is no URL',
    'machines: { issuers: [{ issuer: x.example, audiences: [x] }] }',
    'machines.issuers[0].issuer',
    /https/,
    /write for example/,
  ],
  [
    'the audience that Backstage refuses',
    'machines: { audience: backstage }',
    'machines.audience',
    /of its own/,
    /urn:/,
  ],
  [
    'one audience for people and machines',
    'machines: { audience: urn:stagedoor:backstage }',
    'machines.audience',
    /of its own/,
    /urn:/,
  ],
  [
    'a class with the audience of people',
    'machines: { classes: [{ audience: urn:stagedoor:backstage, scopes: [x] }] }',
    'machines.classes[0].audience',
    /of its own/,
    /urn:/,
  ],
  [
    'a class of everybody',
    'machines: { classes: [{ audience: urn:x }] }',
    'machines.classes[0]',
    /scopes or permissions/,
    /scopes: \[read:catalog\]/,
  ],
  [
    'an entry that denies everybody',
    'machines: { deny: [{}] }',
    'machines.deny[0]',
    /client, subject or/,
    /at least one/,
  ],
  [
    'a time without its zone',
    "machines: { deny: [{ issuedBefore: '2026-11-01 00:00' }] }",
    'machines.deny[0].issuedBefore',
    /time with its zone/,
    /2026-11-01T00:00:00Z/,
  ],
  [
    'a time on a day that no calendar has',
    "machines: { deny: [{ issuedBefore: '2026-02-31T00:00:00Z' }] }",
    'machines.deny[0].issuedBefore',
    /a valid date and time with its zone/,
    /2026-11-01T00:00:00Z/,
  ],
  ['a key file without a path', 'machines: { keys: { store: file } }', 'machines.keys.path', /a path/, /machine-keys/],
  [
    'one key file for people and machines',
    'machines: { keys: { store: file, path: /k } }\nassertion: { keys: { store: file, path: /k } }',
    'machines.keys.path',
    /another file than assertion.keys.path/,
    /machine-keys/,
  ],
  [
    'one key file for machines and the audit trail',
    'audit: { keys: { store: file, path: /k } }\nmachines: { keys: { store: file, path: /k } }',
    'audit.keys.path',
    /another file than machines.keys.path/,
    /audit-keys/,
  ],
  [
    'Backstage’s tokens on a rule that is not there',
    'machines: { backstageTokens: { rules: [mcp] } }',
    'machines.backstageTokens.rules[0]',
    /the name of a rule: everything/,
    /add the rule/,
  ],
  [
    'Backstage’s keys behind a socket',
    "machines: { backstageTokens: { rules: [everything] } }\nupstreams: { backstage: { url: 'unix:/run/backstage.sock' } }",
    'machines.backstageTokens.jwksUrl',
    /because the upstream of the first rule is a unix: socket/,
    /add jwksUrl, for example http/,
  ],
  [
    'a socket for Backstage’s keys',
    "machines: { backstageTokens: { rules: [everything], jwksUrl: 'unix:/run/backstage.sock' } }",
    'machines.backstageTokens.jwksUrl',
    /an http or https URL/,
    /write for example jwksUrl: http/,
  ],
])

t.test('AUTH0_AUDIENCE is also the audience of machines', async (t) => {
  const file = `${least}machines: { audiences: ['\${AUTH0_AUDIENCE:-}'] }`
  const audiences = async (env: NodeJS.ProcessEnv) => (await load(t, { 'a.yaml': file }, env)).config.machines.audiences
  t.same(await audiences({ AUTH0_AUDIENCE: 'urn:api' }), ['urn:api'])
  t.same(await audiences({}), [])
})

t.test('a time is read with its time zone', async (t) => {
  const file = `${least}machines: { deny: [{ issuedBefore: '2026-11-01T02:00:00+02:00' }] }`
  const { config } = await load(t, { 'a.yaml': file })
  t.same(config.machines.deny, [{ issuedBefore: Date.UTC(2026, 10, 1) }])
})

t.test('machines are checked even if other sections are invalid', async (t) => {
  const file = `${least}machines: { audience: backstage }\nassertion: { lifetime: 1 }`
  const problems = await problemsIn(t, { 'a.yaml': file })
  t.same(problems.map(({ path }) => path.join('.')).toSorted(), ['assertion.lifetime', 'machines.audience'])
})

t.test('the audience of Backstage is refused for machines, even if other sections are invalid', async (t) => {
  const { config } = await load(t, { 'a.yaml': least })
  const machines = { ...config.machines, audience: 'backstage' }
  t.same(
    [...machineContradictions({ machines })].map(({ path }) => path),
    [['machines', 'audience']],
  )
})

t.test('machines.backstage accepts only existing rules', async (t) => {
  const { config } = await load(t, { 'a.yaml': `${least}machines: { backstageTokens: { rules: [everything] } }` })
  t.same(config.machines.backstageTokens.rules, ['everything'])
})
