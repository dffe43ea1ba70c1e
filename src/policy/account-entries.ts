// This folder: the stage in which the rules decide.

import { upstreamOfRule } from '../config/derived-settings.ts'
import type { Config } from '../config/schema.ts'
import type { KnownPrincipal } from './decision.ts'
import { missingSentence } from './missing-rights.ts'
import { compileRequirement } from './requirement.ts'

/** An entry of the account page: a rule with a title, or a service. For a service its last rule counts, which is usually the widest. */
export type AccountEntry = {
  title: string
  description?: string | undefined
  icon?: string | undefined
  /** The address of its page; undefined when the rule covers no single page that a browser can open. */
  href?: string | undefined
  allow: Config['routes'][number]['allow']
}

/** Whether a person may open an entry. `second-factor`: only that is missing, and opening the page asks for it. */
export type ReachedEntry = Omit<AccountEntry, 'allow'> & {
  access: 'open' | 'second-factor' | 'closed'
  /** A sentence that names the missing right. */
  missing?: string | undefined
}

/** The entries that the configuration names, in its order: services first. */
export function accountEntriesOf({ routes, upstreams }: Pick<Config, 'routes' | 'upstreams'>): AccountEntry[] {
  const services = Object.entries(upstreams).flatMap(([name, { title, description, icon }]): AccountEntry[] => {
    const route = routes.findLast((rule) => upstreamOfRule(rule, upstreams) === name && rule.allow !== 'public')
    if (title === undefined || route === undefined) return []
    return [{ title, description, icon, href: pageOf(route), allow: route.allow }]
  })
  const ruled = routes.flatMap((route): AccountEntry[] => {
    const { title, description, allow } = route
    return title === undefined ? [] : [{ title, description, href: pageOf(route), allow }]
  })
  return [...services, ...ruled]
}

/** `/docs/**` has the page `/docs`. A rule with another star, for certain hosts, or for methods other than GET has no page. */
function pageOf({ path, methods, hosts }: Config['routes'][number]): string | undefined {
  const start = path.replace(/\/\*\*$/, '')
  if (start.includes('*') || (methods !== undefined && !methods.includes('GET')) || hosts !== undefined)
    return undefined
  return start === '' ? '/' : start
}

/** @param now milliseconds since the epoch */
export function reachOf({ allow, ...entry }: AccountEntry, principal: KnownPrincipal, now: number): ReachedEntry {
  if (typeof allow === 'string') return { ...entry, access: 'open' }
  const deny = compileRequirement(allow)(principal, now)
  if (deny === undefined) return { ...entry, access: 'open' }
  const missing = missingSentence(allow, principal, now)
  return { ...entry, access: deny === 'mfa-required' ? 'second-factor' : 'closed', missing }
}
