import { upstreamOfRule } from '../../config/derived-settings.ts'
import type { PolicyConfig } from '../../config/load-policy.ts'
import type { RouteConfig } from '../../config/schema.ts'
import { shadowersOf } from '../../config/unreachable-rules.ts'
import { requirementText } from '../../policy/requirement.ts'
import type { CommandContext } from '../command-context.ts'
import { table } from '../terminal-text.ts'

const head = ['#', 'rule', 'methods', 'host', 'path', 'who passes', 'goes to']

/** Prints the rules in the order in which they are tried. Returns the exit code. */
export function listRules({ routes, upstreams }: PolicyConfig, { out }: CommandContext): number {
  const rows = routes.map((rule, index) => [
    String(index + 1),
    rule.name,
    rule.methods?.join(',') ?? 'all',
    rule.hosts?.join(',') ?? 'all',
    rule.path,
    typeof rule.allow === 'string' ? rule.allow : requirementText(rule.allow),
    upstreamOfRule(rule, upstreams),
  ])
  out(table([head, ...rows]))
  out('    requests that no rule matches are refused\n')
  for (const line of routes.flatMap((rule, index) => shadowLine(rule, routes.slice(0, index)))) out(`${line}\n`)
  return 0
}

function shadowLine(rule: RouteConfig, before: readonly RouteConfig[]): string[] {
  const names = shadowersOf(rule, before)
  if (names === undefined) return []
  return [`warning: ${rule.name} is never reached: ${names.join(', ')} above it matches all of it`]
}
