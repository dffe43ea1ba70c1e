import type { Requirement } from '../config/options/requirement.ts'
import { formatDuration } from '../config/values/quantities.ts'
import type { Principal } from '../identity/principal.ts'
import { isKnown, type KnownPrincipal } from './decision.ts'
import type { LeafRequirement } from './requirement-leaf.ts'
import { compileRequirement } from './requirement.ts'

/** The missing right in plain words, and a person or team to ask. */
export type Refusal = { missing?: string; contact: string }

/** @param requirement the requirement that was not met; undefined if there is none that could be met */
export function refusal(
  requirement: Requirement | undefined,
  contact: string,
  principal: Principal,
  now: number,
): Refusal {
  if (requirement === undefined || !isKnown(principal)) return { contact }
  const missing = missingSentence(requirement, principal, now)
  return missing === undefined ? { contact } : { missing, contact }
}

/**
 * The missing right, in plain words: `You need the role platform-admin.` Names only rights that can be granted. It does not
 * reveal other people, claims or exclusions.
 */
export function missingSentence(requirement: Requirement, principal: KnownPrincipal, now: number): string | undefined {
  const phrase = missing(requirement, principal, now)
  return phrase === undefined ? undefined : `You need ${phrase.text}.`
}

/** A phrase, and the word that joins its parts. Parts that are joined by the other word get parentheses. */
type Phrase = { text: string; joint?: 'and' | 'or' }

function missing(requirement: Requirement, principal: KnownPrincipal, now: number): Phrase | undefined {
  if (compileRequirement(requirement)(principal, now) === undefined) return undefined
  if ('all' in requirement) return joined(requirement.all, 'and', principal, now)
  if ('any' in requirement) return joined(requirement.any, 'or', principal, now)
  if ('not' in requirement) return { text: 'an account that is not kept out of this' }
  return { text: phraseOf(requirement) }
}

function joined(
  requirements: readonly Requirement[],
  joint: 'and' | 'or',
  principal: KnownPrincipal,
  now: number,
): Phrase | undefined {
  const phrases = requirements.map((part) => missing(part, principal, now)).filter((phrase) => phrase !== undefined)
  const [only] = phrases
  if (phrases.length <= 1) return only
  const texts = phrases.map(({ text, joint: inner }) => (inner === undefined || inner === joint ? text : `(${text})`))
  return { text: texts.join(` ${joint} `), joint }
}

function phraseOf(leaf: LeafRequirement): string {
  if ('kind' in leaf) return leaf.kind === 'user' ? 'to be signed in as a person' : 'to be a program with its own token'
  if ('roles' in leaf) return `the role ${either(leaf.roles)}`
  if ('groups' in leaf) return `to be in the group ${either(leaf.groups)}`
  if ('permissions' in leaf) return `the permission ${either(leaf.permissions)}`
  if ('scopes' in leaf) return `a token with the scope ${either(leaf.scopes)}`
  if ('organizations' in leaf) return `to be signed in for the organization ${either(leaf.organizations)}`
  if ('emailDomains' in leaf) return `a verified e-mail address at ${either(leaf.emailDomains)}`
  if ('subjects' in leaf) return 'to be one of the people named for this'
  if ('claims' in leaf) return 'an account with a property that yours does not have'
  const { within } = leaf.mfa
  return within === undefined ? 'a second factor' : `a second factor from the last ${formatDuration(within)}`
}

function either(names: readonly string[]): string {
  return names.length === 1 ? String(names[0]) : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
