import { audienceOf, ownUpstream } from './derived-settings.ts'
import type { Finding } from './problem.ts'
import type { Config } from './schema.ts'
import { upstreamOfRule } from './upstream-of-rule.ts'

/** Contradictions within one upstream. */
export function tlsContradictions(upstreams: Config['upstreams']): Finding[] {
  return Object.entries(upstreams).flatMap(([name, { tls, urls }]) => {
    if (tls === undefined || urls.every((url) => url.startsWith('https:'))) return []
    return [
      {
        path: ['upstreams', name, 'tls'],
        expected: 'https:// URLs, because tls is set',
        fix: 'write https:// in every URL of this upstream, or remove tls',
      },
    ]
  })
}

/** Upstreams that could use each other's assertions. */
export function sharedAudiences(upstreams: Config['upstreams'], assertion: Config['assertion']): Finding[] {
  const audiences = (name: string): string => audienceOf(name, { upstreams, assertion })
  const names = Object.keys(upstreams)
  return names.flatMap((name, index) => {
    const other = names.slice(0, index).find((earlier) => audiences(earlier) === audiences(name))
    if (other === undefined) return []
    return [
      {
        path: ['upstreams', name, 'assertion', 'audience'],
        expected: `another audience than upstreams.${other} has`,
        fix: `each can act as any caller at the other now: write urn:stagedoor:${name}, unless they are one service`,
      },
    ]
  })
}

/** Rules whose requests the upstream's rewrite answers with 404. */
export function unreachableByRewrite(upstreams: Config['upstreams'], routes: Config['routes']): Finding[] {
  return routes.flatMap((rule, index) => {
    const { path } = rule
    const upstream = upstreamOfRule(rule, upstreams)
    const rewrite = ownUpstream(upstreams, upstream)?.rewrite
    if (rewrite === undefined || isBelow(path, rewrite.from)) return []
    return [
      {
        path: ['routes', index, 'path'],
        expected: `a path below ${rewrite.from}, which upstreams.${upstream}.rewrite replaces`,
        fix: 'other paths are answered with 404 there: narrow the rule, or send it to another upstream',
      },
    ]
  })
}

function isBelow(pattern: string, prefix: string): boolean {
  const top = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  return `${pattern}/`.toLowerCase().startsWith(`${top}/`.toLowerCase())
}
