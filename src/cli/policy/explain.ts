import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

import { readPath } from '../../boundary/request-target.ts'
import type { PolicyConfig } from '../../config/load-policy.ts'
import { hasMembers, toPlain } from '../../config/tree/tree.ts'
import { parseWebUrl } from '../../config/values/addresses.ts'
import type { Principal } from '../../identity/principal.ts'
import { explanationLines } from '../../policy/explain.ts'
import type { Asked } from '../../policy/first-matching-rule.ts'
import { hypotheticalPrincipal } from '../../policy/hypothetical-principal.ts'
import { createPolicy, type Policy } from '../../policy/policy.ts'
import { referencedClaims } from '../../policy/requirement.ts'
import { forwardedMethods } from '../../rule-matching/methods.ts'
import type { CommandContext } from '../command-context.ts'
import { CommandFailed } from '../run-action.ts'
import { readYaml, readTable } from './table.ts'

type Question = { as: string; people?: string; method: string; path: string; host?: string }

/** Prints each rule tried and why it did or did not match. Returns the exit code: 0 whatever was decided. */
export async function explainAs(config: PolicyConfig, question: Question, context: CommandContext): Promise<number> {
  const { path, method, host = '' } = question
  const now = Date.now()
  const engine = createEngine(config, now)
  const read = readPath(path)
  if (read === 'not-origin-form') {
    throw new CommandFailed(`${path} is no path: write ${pathMeantBy(path)}.`)
  }
  if (!forwardedMethods.includes(method.toUpperCase())) {
    throw new CommandFailed(`${method} gets 405 whatever the rules say: it is no method that is forwarded.`)
  }
  if (typeof read === 'string') {
    throw new CommandFailed(`${path} gets 400 whatever the rules say: it is not canonical (${read}).`)
  }
  const asked = { ...read, method: method.toUpperCase(), host: host.toLowerCase() }
  const { claims, note } = await claimsOf(question, context.folder)
  if (note !== undefined) context.err(`note: ${note}\n`)
  context.out(`${explanationLines(engine.explain(engine.principal(claims), asked, now)).join('\n')}\n`)
  return 0
}

function pathMeantBy(text: string): string {
  const path = parseWebUrl(text)?.pathname
  return path === undefined ? `it with a slash at its beginning, for example /${text}` : `only that of the URL, ${path}`
}

type Described = { claims: Readonly<Record<string, unknown>>; note?: string }

async function claimsOf({ as: who, people }: Question, folder: string): Promise<Described> {
  if (who === 'anonymous') return { claims: {} }
  if (people !== undefined) {
    const known = readTable(await readYaml(people, folder), people).people.get(who)
    if (known !== undefined) return { claims: known }
  }
  if (existsSync(resolve(folder, who))) return { claims: await claimsIn(who, folder) }
  if (who.includes('|')) return { claims: { sub: who }, note: `${who} is taken to have no roles, groups or claims.` }
  if (who.includes('@')) {
    const claims = { email: who, email_verified: true }
    return { claims, note: `${who} is taken to be verified, and to have no roles, groups or other claims.` }
  }
  throw new CommandFailed(
    `Nobody is called ${who}: give a file with claims, an e-mail address, a user id, anonymous, or a name of --people.`,
  )
}

async function claimsIn(file: string, folder: string): Promise<Readonly<Record<string, unknown>>> {
  const claims = toPlain(await readYaml(file, folder))
  if (hasMembers(claims) && !Array.isArray(claims)) return claims
  throw new CommandFailed(`${file} holds no claims: write a JSON object, such as the payload of an ID token.`)
}

/** The rules as the gateway would apply them, for people described by claims. */
export type Engine = Policy & {
  principal: (claims: Readonly<Record<string, unknown>>) => Principal
  /** Why a request gets 400 for its path, whatever the rules say, if it does. */
  refusalOf: (asked: Asked) => string | undefined
}

/** @param now milliseconds since the epoch */
export function createEngine(config: PolicyConfig, now: number): Engine {
  const { routes, admin, claims } = config
  const names = { ...claims, custom: referencedClaims(routes, admin.allow) }
  const policy = createPolicy(config)
  return {
    ...policy,
    principal: (described) => hypotheticalPrincipal(described, names, now),
    // Rules see the path as the gateway hands it to them, with unreserved characters decoded.
    decide(principal, asked, at) {
      const read = readPath(asked.path)
      return policy.decide(principal, typeof read === 'string' ? asked : { ...asked, path: read.path }, at)
    },
    refusalOf(asked) {
      const read = readPath(asked.path)
      if (typeof read === 'string') return read
      const { path, oddity } = read
      return oddity === undefined || policy.passesAsIs({ ...asked, path }, oddity.plainest) ? undefined : oddity.reason
    },
  }
}
