import type { Finding, KnownSections } from './problem.ts'
import type { Config } from './schema.ts'

/** Options of `machines` that contradict other sections, or make them unsafe. */
export function machineContradictions({ machines, auth0, assertion, routes }: KnownSections): Finding[] {
  if (machines === undefined) return []
  return [
    ...(auth0 ? idTokenConfusion(machines, auth0) : []),
    ...audienceConfusion(machines, assertion),
    ...keyConfusion(machines, assertion),
    ...(routes ? unknownRules(machines, routes) : []),
  ]
}

/** An ID token's audience is the client id: with it in the list, every logged-in person's ID token would open the door. */
function idTokenConfusion(
  { audiences, issuers }: Config['machines'],
  { clientId, issuer }: Config['auth0'],
): Finding[] {
  const expected = 'the identifier of an API, which is never a client id'
  const fix = 'create an API in Auth0 (Applications → APIs) and write its identifier'
  const own = audiences.flatMap((audience, index) =>
    audience === clientId ? [{ path: ['machines', 'audiences', index], expected, fix }] : [],
  )
  const others = issuers.flatMap((each, index) => [
    ...(each.audiences.includes(clientId)
      ? [{ path: ['machines', 'issuers', index, 'audiences'], expected, fix }]
      : []),
    ...(each.issuer === issuer
      ? [
          {
            path: ['machines', 'issuers', index, 'issuer'],
            expected: 'another issuer than auth0.issuer',
            fix: 'add its audiences to machines.audiences',
          },
        ]
      : []),
  ])
  return [...own, ...others]
}

/** No token may count as two of these: a person's, Backstage's own, a machine's. */
function audienceConfusion(machines: Config['machines'], assertion: Config['assertion'] | undefined): Finding[] {
  const taken = ['backstage', ...(assertion ? [assertion.audience] : [])]
  const all = [
    { audience: machines.audience, path: ['machines', 'audience'] },
    ...machines.classes.map(({ audience }, index) => ({ audience, path: ['machines', 'classes', index, 'audience'] })),
  ]
  return all.flatMap(({ audience, path }) =>
    taken.includes(audience)
      ? [
          {
            path,
            expected:
              'an audience of its own: neither backstage, which Backstage keeps for itself, nor assertion.audience',
            fix: 'write for example urn:stagedoor:backstage-machine',
          },
        ]
      : [],
  )
}

function keyConfusion({ keys }: Config['machines'], assertion: Config['assertion'] | undefined): Finding[] {
  const path = ['machines', 'keys', 'path']
  if (keys.store === 'file' && keys.path === undefined) {
    const fix = 'add path: /var/lib/stagedoor/machine-keys.json, or write store: memory'
    return [{ path, expected: 'a path, because machines.keys.store is file', fix }]
  }
  if (keys.path === undefined || keys.path !== assertion?.keys.path) return []
  const fix = 'write for example /var/lib/stagedoor/machine-keys.json'
  return [{ path, expected: 'another file than assertion.keys.path', fix }]
}

function unknownRules({ backstageTokens }: Config['machines'], routes: Config['routes']): Finding[] {
  const known = routes.map(({ name }) => name)
  return backstageTokens.rules.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [
          {
            path: ['machines', 'backstageTokens', 'rules', index],
            expected: `the name of a rule: ${known.join(', ')}`,
            fix: 'write one of these, or add the rule to routes',
          },
        ],
  )
}
