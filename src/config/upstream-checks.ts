import { audienceOf, ownUpstream, upstreamOfRule } from './derived-settings.ts'
import type { Findings } from './problem.ts'
import type { Config } from './schema.ts'

/** Finds upstreams that have TLS settings and a URL that is not https. */
export function* tlsContradictions(upstreams: Config['upstreams']): Findings {
  for (const [name, { tls, urls }] of Object.entries(upstreams)) {
    if (tls === undefined || urls.every((url) => url.startsWith('https:'))) continue
    yield {
      path: ['upstreams', name, 'tls'],
      expected: 'https:// URLs, because tls is set',
      fix: 'write https:// in every URL of this upstream, or remove tls',
    }
  }
}

/** Upstreams that could use each other's assertions. */
export function* sharedAudiences(upstreams: Config['upstreams'], assertion: Config['assertion']): Findings {
  const names = Object.keys(upstreams)
  const audiences = names.map((name) => audienceOf(name, { upstreams, assertion }))
  for (const [index, name] of names.entries()) {
    const first = audiences.indexOf(audiences[index] as string)
    if (first === index) continue
    yield {
      path: ['upstreams', name, 'assertion', 'audience'],
      expected: `another audience than upstreams.${names[first]} has`,
      fix: `with a shared audience, each can act as any caller at the other: write urn:stagedoor:${name}, unless they are one service`,
    }
  }
}

/** Rules whose requests the upstream's rewrite answers with 404. */
export function* unreachableByRewrite(upstreams: Config['upstreams'], routes: Config['routes']): Findings {
  for (const [index, rule] of routes.entries()) {
    const upstream = upstreamOfRule(rule, upstreams)
    const from = ownUpstream(upstreams, upstream)?.rewrite?.from
    if (from === undefined || isBelow(rule.path, from)) continue
    yield {
      path: ['routes', index, 'path'],
      expected: `a path below ${from}, which upstreams.${upstream}.rewrite replaces`,
      fix: 'the upstream answers other paths with 404: narrow the rule, or send it to another upstream',
    }
  }
}

function isBelow(pattern: string, prefix: string): boolean {
  const top = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  return `${pattern}/`.toLowerCase().startsWith(`${top}/`.toLowerCase())
}
