import * as fc from 'fast-check'

import type { Principal } from '../../src/identity/principal.ts'
import { anonymous, machine, nowSeconds, user } from './support.ts'

// Few names, so that rules often match principals.
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 })
const few = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 })

/** A requirement as written in configuration. */
type Written = Record<string, unknown>

const requirements: fc.Arbitrary<Written> = fc.letrec<{ any: Written }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.record({ kind: fc.constantFrom('user' as const, 'machine' as const) }),
    fc.record({ roles: names }),
    fc.record({ groups: names }),
    fc.record({ permissions: names }),
    fc.record({ scopes: names }),
    fc.record({ organizations: names }),
    fc.record({ emailDomains: names }),
    fc.record({ subjects: names }),
    fc.record({ claims: fc.dictionary(fc.constantFrom('a', 'https://*/b'), names, { minKeys: 1, maxKeys: 2 }) }),
    fc.record({ mfa: fc.record({ within: fc.constantFrom('1m', '15m') }, { requiredKeys: [] }) }),
    fc.record({ all: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('any') }),
  ),
})).any

const letters = fc.constantFrom('a', 'b', 'c')
const users = fc
  .record({
    subject: letters,
    roles: few,
    groups: few,
    permissions: few,
    email: fc.constantFrom('x@a', 'x@b'),
    email_verified: fc.boolean(),
    custom: fc.dictionary(fc.constantFrom('a', 'https://x/b'), letters, { maxKeys: 2 }),
    amr: fc.constantFrom([], ['mfa'], ['pwd']),
    authTimeSeconds: fc.integer({ min: nowSeconds - 2000, max: nowSeconds + 2000 }),
  })
  .map(user)
const machines = fc.record({ scopes: few, permissions: few, organization: letters }).map(machine)

export const principals: fc.Arbitrary<Principal> = fc.oneof(fc.constant(anonymous), users, machines)

const segment = fc.constantFrom('a', 'b', 'api', 'x-y', 'a.b')
const patternSegment = fc.oneof({ weight: 3, arbitrary: segment }, { weight: 1, arbitrary: fc.constant('*') })

/** Paths of rules: `/`, `/a/*`, `/a/**` … */
export const patterns = fc
  .tuple(fc.array(patternSegment, { maxLength: 3 }), fc.constantFrom('', '/', '/**'))
  .map(([segments, end]) => {
    const path = segments.map((one) => `/${one}`).join('')
    return path === '' && end === '' ? '/' : path + end
  })

export const plainPaths = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`)

export const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE')
export const hosts = fc.constantFrom('one.example', 'two.example', 'two.example:8080')

export type WrittenRule = {
  name: string
  path: string
  methods?: string[]
  hosts?: string[]
  allow: Written | 'public' | 'authenticated'
}

const ruleParts = fc.record(
  {
    path: fc.oneof(patterns, plainPaths.chain(patternsFor)),
    methods: fc.uniqueArray(methods, { minLength: 1, maxLength: 2 }),
    hosts: fc.uniqueArray(hosts, { minLength: 1, maxLength: 2 }),
    allow: fc.oneof(fc.constantFrom('public' as const, 'authenticated' as const), requirements),
  },
  { requiredKeys: ['path', 'allow'] },
)

/** Lists of rules with unique names. */
export const ruleLists: fc.Arbitrary<WrittenRule[]> = fc
  .array(ruleParts, { minLength: 1, maxLength: 6 })
  .map((rules) => rules.map((rule, index) => ({ ...rule, name: `r${index}` })))

export const questions = fc.record({ method: methods, path: plainPaths, host: hosts })

const edits = fc.constantFrom<(character: string) => string>(
  (character) => character,
  (character) => character.toUpperCase(),
  (character) => `%${character.charCodeAt(0).toString(16)}`,
  (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  (character) => `%25${character.charCodeAt(0).toString(16)}`,
  (character) => `${character};v=1`,
  (character) => `${character}/.`,
  (character) => `${character}/x/..`,
  (character) => `${character}/`,
  (character) => `${character}%2f`,
  (character) => `${character}%5C`,
  (character) => `${character}%3a`,
  (character) => `${character}%20`,
  (character) => `${character}%00`,
  (character) => `${character}\\`,
  (character) => character.replace('a', 'ａ').replace('i', 'ı'),
  (character) => character.replace('a', '%EF%BD%81').replace('i', '%C4%B1'),
)

/** Other ways to write a path, most of them not canonical. */
export function respellingsOf(path: string): fc.Arbitrary<string> {
  const changes = fc.array(fc.tuple(fc.nat(30), edits), { maxLength: 2 })
  return fc.tuple(changes, fc.constantFrom('', '', '/', '//', '/.')).map(([chosen, end]) => {
    const characters = Array.from(path)
    for (const [at, edit] of chosen) {
      const index = at % characters.length
      characters[index] = edit(characters[index] ?? '')
    }
    return characters.join('') + end
  })
}

export const respellings = plainPaths.chain(respellingsOf)

/** Patterns that match a path or nearly match it. */
export function patternsFor(path: string): fc.Arbitrary<string> {
  const segments = path.split('/').slice(1)
  return fc.tuple(fc.nat(segments.length), fc.nat(3), fc.boolean()).map(([length, starAt, isTree]) => {
    const kept = segments.slice(0, isTree ? length : segments.length).filter((one) => one !== '')
    const written = kept.map((segment, index) => (index === starAt ? '*' : segment))
    return `/${[...written, ...(isTree ? ['**'] : [])].join('/')}`
  })
}
