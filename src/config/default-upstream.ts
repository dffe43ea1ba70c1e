import type { Config } from './schema.ts'

/** The upstream of rules that name none: `backstage`, or the only one there is. */
export function defaultUpstream(upstreams: Readonly<Record<string, unknown>>): string | undefined {
  const names = Object.keys(upstreams)
  if (names.includes('backstage')) return 'backstage'
  return names.length === 1 ? names[0] : undefined
}

/** The upstream of that name, which an operator chose: it may be `constructor`. */
export function ownUpstream(upstreams: Config['upstreams'], name: string): Config['upstreams'][string] | undefined {
  return Object.hasOwn(upstreams, name) ? upstreams[name] : undefined
}

/** The audience of assertions to an upstream: one of its own, so that none can use what another was sent. */
export function audienceOf(name: string, { upstreams, assertion }: Pick<Config, 'upstreams' | 'assertion'>): string {
  const own = ownUpstream(upstreams, name)?.assertion?.audience
  return own ?? (name === defaultUpstream(upstreams) ? assertion.audience : `urn:stagedoor:${name}`)
}

/** Backstage's sign-in by our auth module. */
const backstageSignInPath = '/api/auth/stagedoor/refresh'

/** Where an upstream reads changed roles from an assertion; nowhere unless it is Backstage or told otherwise. */
export function signInPathOf(name: string, { upstreams }: Pick<Config, 'upstreams'>): string | undefined {
  const own = ownUpstream(upstreams, name)?.assertion?.signInPath
  if (own !== undefined) return own === 'off' ? undefined : own
  return name === defaultUpstream(upstreams) ? backstageSignInPath : undefined
}
