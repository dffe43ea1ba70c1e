import { hostName, isAmongHosts } from '../rule-matching/hosts.ts'
import { coveredMethods } from '../rule-matching/methods.ts'
import { includesPattern, matchKey, parsePathPattern, type PathPattern } from '../rule-matching/paths.ts'
import type { Findings } from './problem.ts'
import type { RouteConfig } from './schema.ts'

type Coverage = {
  name: string
  pattern: PathPattern
  methods: ReadonlySet<string> | undefined
  hosts: readonly string[] | undefined
}

/** The names of the earlier rules that together match everything that a rule matches; undefined if the rule can be reached. */
export function shadowersOf(rule: RouteConfig, before: readonly RouteConfig[]): string[] | undefined {
  const { pattern, methods, hosts } = coverageOf(rule)
  const earlier = before.map(coverageOf)
  const names = new Set<string>()
  for (const method of methods ?? [undefined]) {
    for (const host of hosts ?? [undefined]) {
      const shadower = earlier.find((other) => leavesNothing(other, pattern, method, host))
      if (shadower === undefined) return undefined
      names.add(shadower.name)
    }
  }
  return earlier.map(({ name }) => name).filter((name) => names.has(name))
}

function coverageOf({ name, path, methods, hosts }: RouteConfig): Coverage {
  return { name, pattern: parsePathPattern(path), methods: coveredMethods(methods), hosts }
}

function leavesNothing(
  earlier: Coverage,
  pattern: PathPattern,
  method: string | undefined,
  host: string | undefined,
): boolean {
  const coversMethod = earlier.methods === undefined || (method !== undefined && earlier.methods.has(method))
  const coversHost = earlier.hosts === undefined || (host !== undefined && isAmongHosts(earlier.hosts, hostName(host)))
  return coversMethod && coversHost && includesPattern(earlier.pattern, pattern)
}

/** Finds rules that no request can reach: they look like protection but protect nothing. */
export function* unreachableRules(routes: readonly RouteConfig[], server: { prefix: string } | undefined): Findings {
  for (const [index, rule] of routes.entries()) {
    const path = ['routes', index, 'path']
    const names = shadowersOf(rule, routes.slice(0, index))
    if (names !== undefined) yield { path, expected: 'a rule that a request can reach', fix: fixOfShadowed(names) }
    const fix = server && fixOfNeverAsked(rule, server)
    if (fix !== undefined) yield { path, expected: 'a path that requests can have', fix }
  }
}

function fixOfShadowed(names: readonly string[]): string {
  const cover =
    names.length === 1 ? `rule ${names[0]} above it matches` : `rules ${names.join(', ')} above it together match`
  return `${cover} everything that this one does: move this one up, or remove it`
}

function fixOfNeverAsked({ path, paths }: RouteConfig, { prefix }: { prefix: string }): string | undefined {
  const key = matchKey(path)
  if (`${key}/`.startsWith(`${matchKey(prefix)}/`)) {
    return `${prefix} belongs to Stagedoor and rules do not apply to it: remove this rule`
  }
  if (paths === 'as-is' || !/%(?:2f|5c)|;/.test(key)) return undefined
  return 'paths with encoded slashes or semicolons get 400 here: add paths: as-is, or remove it'
}
