import { hostName, isAmongHosts } from '../rule-matching/hosts.ts'
import { coveredMethods } from '../rule-matching/methods.ts'
import { createPathMatcher, matchKey } from '../rule-matching/paths.ts'
import type { Findings, KnownSections } from './problem.ts'
import type { RouteConfig } from './schema.ts'

/** Warns of a logo that pages cannot show to people who are not signed in. */
export function* hiddenLogo({ server, pages, routes }: KnownSections): Findings {
  if (server === undefined || routes === undefined || !pages?.logo?.startsWith('/')) return
  const { pathname, host } = new URL(pages.logo, server.baseUrl)
  const rule = routes.find((each) => isAbout(each, pathname, host))
  if (rule?.allow === 'public') return
  yield {
    path: ['pages', 'logo'],
    expected: 'a path that a public rule covers',
    fix: `${rule === undefined ? 'no rule covers it' : `rule ${rule.name} matches it and is not public`}: add one above it with path: ${pathname}, methods: [GET] and allow: public`,
  }
}

function isAbout({ path, methods, hosts }: RouteConfig, pathname: string, host: string): boolean {
  const isMethod = coveredMethods(methods)?.has('GET') ?? true
  const isHost = hosts === undefined || isAmongHosts(hosts, hostName(host))
  return isMethod && isHost && createPathMatcher(path)(matchKey(pathname))
}
