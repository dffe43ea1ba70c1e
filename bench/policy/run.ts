/**
 * `node bench/policy/run.ts`: what one decision costs with 200 rules, when the first, the middle, the last and none of
 * them matches. Exits with 1 above the limit.
 */
import { routes as routesSchema } from '../../src/config/options/routes.ts'
import type { Principal } from '../../src/identity/principal.ts'
import { createPolicy } from '../../src/policy/policy.ts'

const ruleCount = 200
const limitMicroseconds = 20
const decisionsPerRound = 20_000
const rounds = 15

const requirements = [
  'authenticated',
  { roles: ['platform-admin', 'operator'] },
  { all: [{ groups: ['sre'] }, { mfa: { within: '15m' } }] },
  { any: [{ permissions: ['write:catalog'] }, { claims: { 'https://*/tier': ['gold'] } }] },
]
const shapes = [
  (n: number) => `/api/plugin-${n}/**`,
  (n: number) => `/api/plugin-${n}/items/*/details`,
  (n: number) => `/api/plugin-${n}/health`,
  (n: number) => `/api/*/plugin-${n}/**`,
]

/** Each fourth rule has a pattern in the middle, methods or hosts, as long lists of rules do. */
const written = Array.from({ length: ruleCount }, (_, n) => ({
  name: `rule-${n}`,
  path: shapes[n % shapes.length]?.(n),
  allow: requirements[n % requirements.length],
  ...(n % 3 === 0 && { methods: ['GET', 'POST'] }),
  ...(n % 5 === 0 && { hosts: ['portal.example.com'] }),
}))

const policy = createPolicy({
  routes: routesSchema.parse(written),
  upstreams: { backstage: {} },
  admin: { allow: { roles: ['stagedoor-admin'] } },
  contact: 'the owners',
})

const now = Date.now()
const jane: Principal = {
  kind: 'user',
  issuer: 'https://tenant.eu.auth0.com/',
  subject: 'auth0|64f1c0ffee',
  sessionId: 's',
  claims: {
    roles: ['developer', 'platform-admin'],
    groups: Array.from({ length: 100 }, (_, n) => `group-${n}`).concat('sre'),
    permissions: ['read:catalog', 'write:catalog'],
  },
  amr: ['mfa'],
  authTimeSeconds: now / 1000,
}

const cases = [
  { name: 'first rule', path: '/api/plugin-0/x' },
  { name: 'rule 101', path: '/api/plugin-100/entities/by-name/component/default/my-app' },
  { name: 'last rule', path: '/api/x/plugin-199/entities' },
  { name: 'last rule, capitals and escapes', path: '/API/X/Plugin-199/component%3Adefault%20x/' },
  { name: 'no rule', path: '/catalog/default/component/my-app' },
]

function microsecondsPerDecision(path: string): number {
  const asked = { method: 'GET', path, host: 'portal.example.com' }
  const startedAt = performance.now()
  for (let i = 0; i < decisionsPerRound; i++) policy.decide(jane, asked, now)
  return ((performance.now() - startedAt) * 1000) / decisionsPerRound
}

let slowest = 0
for (const { name, path } of cases) {
  microsecondsPerDecision(path)
  const times = Array.from({ length: rounds }, () => microsecondsPerDecision(path)).toSorted((a, b) => a - b)
  const median = times[Math.floor(rounds / 2)] ?? Number.NaN
  slowest = Math.max(slowest, median)
  const decision = policy.decide(jane, { method: 'GET', path, host: 'portal.example.com' }, now)
  const [best = Number.NaN] = times
  const figures = `median ${median.toFixed(2).padStart(6)} µs, best ${best.toFixed(2).padStart(6)} µs`
  console.log(`${name.padEnd(34)}${figures}   ${decision.effect} ${decision.rule ?? ''}`)
}
console.log(`${ruleCount} rules, slowest median ${slowest.toFixed(2)} µs a request (limit ${limitMicroseconds} µs)`)
process.exitCode = slowest < limitMicroseconds ? 0 : 1
