import type { SessionLimits } from '../session/session.ts'
import type { Config, RouteConfig } from './schema.ts'

/** The upstreams of a configuration, by name. Only the names are used here. */
type Named = Readonly<Record<string, unknown>>

/** The upstream that a rule sends its requests to: the one that it names, or the default one. */
export function upstreamOfRule({ upstream }: Pick<RouteConfig, 'upstream'>, upstreams: Named): string {
  // The gateway starts only if there is a default or every rule names an upstream, but rules can be tested without either.
  return upstream ?? defaultUpstream(upstreams) ?? 'backstage'
}

/** The upstream of rules that name none: `backstage`, or the only upstream. */
export function defaultUpstream(upstreams: Named): string | undefined {
  const names = Object.keys(upstreams)
  if (names.includes('backstage')) return 'backstage'
  return names.length === 1 ? names[0] : undefined
}

/** The upstream with this name. An operator chose the name, which may be `constructor`, so only own properties count. */
export function ownUpstream(upstreams: Config['upstreams'], name: string): Config['upstreams'][string] | undefined {
  return Object.hasOwn(upstreams, name) ? upstreams[name] : undefined
}

/** The audience of assertions to an upstream. Each upstream has its own, so that it cannot replay an assertion to another. */
export function audienceOf(name: string, { upstreams, assertion }: Pick<Config, 'upstreams' | 'assertion'>): string {
  const own = ownUpstream(upstreams, name)?.assertion?.audience
  return own ?? (name === defaultUpstream(upstreams) ? assertion.audience : `urn:stagedoor:${name}`)
}

/** The path where our auth module signs people in to Backstage. */
const backstageSignInPath = '/api/auth/stagedoor/refresh'

/** The path at which an upstream accepts changed roles. By default only the default upstream has one. */
export function signInPathOf(name: string, { upstreams }: Pick<Config, 'upstreams'>): string | undefined {
  const own = ownUpstream(upstreams, name)?.assertion?.signInPath
  if (own !== undefined) return own === 'off' ? undefined : own
  return name === defaultUpstream(upstreams) ? backstageSignInPath : undefined
}

/** The URL of the keys of Backstage's own tokens; by default at the upstream of the first rule that accepts such tokens. */
export function backstageKeysUrl({ machines, routes, upstreams }: Pick<Config, 'machines' | 'routes' | 'upstreams'>) {
  const { rules, jwksUrl } = machines.backstageTokens
  const rule = routes.find(({ name }) => name === rules[0])
  const upstream = ownUpstream(upstreams, upstreamOfRule({ ...rule }, upstreams))
  return jwksUrl ?? `${upstream?.urls[0]}/api/auth/.well-known/jwks.json`
}

/** Whether browsers reach the gateway by https. This decides the attributes of cookies. */
export function isSecure({ server }: Config): boolean {
  return server.baseUrl.startsWith('https:')
}

/** The first secret seals, each of them opens. */
export function sessionSecrets({ session }: Config): string[] {
  return session.secrets.map((secret) => secret.reveal())
}

export function sessionLimits({ session }: Config): SessionLimits {
  return { idleTimeoutMs: session.idleTimeout, absoluteTimeoutMs: session.absoluteTimeout }
}
