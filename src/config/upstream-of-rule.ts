import type { RouteConfig } from './schema.ts'

/** The upstreams of a configuration, by name; here only their names count. */
type Named = Readonly<Record<string, unknown>>

/** The upstream that a rule sends its requests to: the one that it names, else the default one. */
export function upstreamOfRule({ upstream }: Pick<RouteConfig, 'upstream'>, upstreams: Named): string {
  // A gateway starts only where there is a default or every rule names an upstream; rules can be tested without.
  return upstream ?? defaultUpstream(upstreams) ?? 'backstage'
}

/** The upstream of rules that name none: `backstage`, or the only one there is. */
export function defaultUpstream(upstreams: Named): string | undefined {
  const names = Object.keys(upstreams)
  if (names.includes('backstage')) return 'backstage'
  return names.length === 1 ? names[0] : undefined
}
