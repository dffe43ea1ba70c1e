import type { Config } from './schema.ts'

/** The upstream of rules that name none: `backstage`, or the only one there is. */
export function defaultUpstream(upstreams: Readonly<Record<string, unknown>>): string | undefined {
  const names = Object.keys(upstreams)
  if (names.includes('backstage')) return 'backstage'
  return names.length === 1 ? names[0] : undefined
}

/** The audience of assertions to an upstream: one of its own, so that none can use what another was sent. */
export function audienceOf(name: string, { upstreams, assertion }: Pick<Config, 'upstreams' | 'assertion'>): string {
  const own = upstreams[name]?.assertion?.audience
  return own ?? (name === defaultUpstream(upstreams) ? assertion.audience : `urn:stagedoor:${name}`)
}
