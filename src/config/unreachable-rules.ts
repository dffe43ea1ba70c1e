import type { Finding } from './problem.ts'
import {
  hostName,
  isAmongHosts,
  includesPattern,
  matchKey,
  parsePathPattern,
  type PathPattern,
  coveredMethods,
} from './route-patterns.ts'
import type { RouteConfig } from './schema.ts'

type Coverage = {
  name: string
  pattern: PathPattern
  methods: ReadonlySet<string> | undefined
  hosts: readonly string[] | undefined
}

/** The names of the rules before it that leave nothing to a rule; nothing when it can be reached. */
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

/** Rules that no request can reach: they look like protection and are none. */
export function unreachableRules(routes: readonly RouteConfig[], server: { prefix: string } | undefined): Finding[] {
  return routes.flatMap((rule, index) => [
    ...shadowed(rule, index, routes.slice(0, index)),
    ...(server === undefined ? [] : neverAsked(rule, index, server)),
  ])
}

function shadowed(rule: RouteConfig, index: number, before: readonly RouteConfig[]): Finding[] {
  const names = shadowersOf(rule, before)
  if (names === undefined) return []
  const fix =
    names.length === 1
      ? `rule ${names[0]} above it matches everything that this one does: move this one up, or remove it`
      : `rules ${names.join(', ')} above it together match everything that this one does: move this one up, or remove it`
  return [{ path: ['routes', index, 'path'], expected: 'a rule that a request can reach', fix }]
}

function neverAsked({ path, paths }: RouteConfig, index: number, { prefix }: { prefix: string }): Finding[] {
  const expected = 'a path that requests can have'
  const place = ['routes', index, 'path']
  const key = matchKey(path)
  if (key === matchKey(prefix) || key.startsWith(`${matchKey(prefix)}/`)) {
    return [{ path: place, expected, fix: `${prefix} is Stagedoor’s own and asks no rules: remove this one` }]
  }
  if (paths !== 'as-is' && /%(?:2f|5c)|;/.test(key)) {
    return [
      {
        path: place,
        expected,
        fix: 'paths with encoded slashes or semicolons get 400 here: add paths: as-is, or remove it',
      },
    ]
  }
  return []
}
