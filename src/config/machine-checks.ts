import { backstageKeysUrl } from './derived-settings.ts'
import type { Findings, KnownSections } from './problem.ts'
import type { Config } from './schema.ts'

/** Options of `machines` that contradict other sections or make them unsafe. */
export function* machineContradictions({ machines, auth0, assertion, routes, upstreams }: KnownSections): Findings {
  if (machines === undefined) return
  if (auth0) yield* idTokenConfusion(machines, auth0)
  yield* repeatedIssuers(machines)
  yield* audienceConfusion(machines, assertion)
  if (routes) yield* unknownRules(machines, routes)
  if (routes && upstreams) yield* keysBehindSocket({ machines, routes, upstreams })
}

/** An ID token's audience is the client id. With it in the list, the ID token of any person would count as an access token. */
function* idTokenConfusion(
  { audiences, issuers }: Config['machines'],
  { clientId, issuer }: Config['auth0'],
): Findings {
  const expected = 'the identifier of an API, which is never a client id'
  const fix = 'create an API in Auth0 (Applications → APIs) and write its identifier'
  for (const [index, audience] of audiences.entries()) {
    if (audience === clientId) yield { path: ['machines', 'audiences', index], expected, fix }
  }
  for (const [index, other] of issuers.entries()) {
    const place = ['machines', 'issuers', index]
    if (other.audiences.includes(clientId)) yield { path: [...place, 'audiences'], expected, fix }
    if (other.issuer !== issuer) continue
    yield {
      path: [...place, 'issuer'],
      expected: 'another issuer than auth0.issuer',
      fix: 'add its audiences to machines.audiences',
    }
  }
}

/** Of two entries for one issuer, only one would be used. */
function* repeatedIssuers({ issuers }: Config['machines']): Findings {
  const names = issuers.map(({ issuer }) => issuer)
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name)
    if (first === index) continue
    yield {
      path: ['machines', 'issuers', index, 'issuer'],
      expected: `another issuer than machines.issuers[${first}] has`,
      fix: `add its audiences to machines.issuers[${first}]`,
    }
  }
}

/** The tokens of people, of Backstage and of machines must have different audiences. */
function* audienceConfusion(machines: Config['machines'], assertion: Config['assertion'] | undefined): Findings {
  const taken = ['backstage', assertion?.audience]
  const all = [
    { audience: machines.audience, path: ['machines', 'audience'] },
    ...machines.classes.map(({ audience }, index) => ({ audience, path: ['machines', 'classes', index, 'audience'] })),
  ]
  for (const { audience, path } of all) {
    if (!taken.includes(audience)) continue
    yield {
      path,
      expected: 'an audience of its own: neither backstage, which Backstage keeps for itself, nor assertion.audience',
      fix: 'write for example urn:stagedoor:backstage-machine',
    }
  }
}

function* unknownRules({ backstageTokens }: Config['machines'], routes: Config['routes']): Findings {
  const known = routes.map(({ name }) => name)
  for (const [index, name] of backstageTokens.rules.entries()) {
    if (known.includes(name)) continue
    yield {
      path: ['machines', 'backstageTokens', 'rules', index],
      expected: `the name of a rule: ${known.join(', ')}`,
      fix: 'write one of these, or add the rule to routes',
    }
  }
}

/** Keys are fetched by URL, which a Unix socket does not have. */
function* keysBehindSocket(sections: Pick<Config, 'machines' | 'routes' | 'upstreams'>): Findings {
  if (sections.machines.backstageTokens.rules.length === 0 || !backstageKeysUrl(sections).startsWith('unix:')) return
  yield {
    path: ['machines', 'backstageTokens', 'jwksUrl'],
    expected: 'an http:// or https:// URL, because the upstream of the first rule is a unix: socket',
    fix: 'add jwksUrl, for example http://127.0.0.1:7007/api/auth/.well-known/jwks.json: the address of Backstage’s keys over http',
  }
}
