import { z } from 'zod'

import { duration, type Milliseconds, refuse } from '../values/quantities.ts'

/** A condition that a principal must meet. A list in a leaf means "one of these". */
export type Requirement =
  | { any: Requirement[] }
  | { all: Requirement[] }
  | { not: Requirement }
  | { kind: 'user' | 'machine' }
  | { roles: string[] }
  | { groups: string[] }
  | { permissions: string[] }
  | { scopes: string[] }
  | { organizations: string[] }
  | { emailDomains: string[] }
  | { subjects: string[] }
  | { claims: Record<string, ClaimValue[]> }
  | { mfa: { within?: Milliseconds | undefined } }

/** A value that a claim may be compared with. */
type ClaimValue = string | number | boolean

const names = (description: string, example: string) =>
  z
    .array(z.string().min(1), 'a list')
    .min(1, 'a list with at least one entry')
    .optional()
    .meta({ description, 'x-example': [example] })

const emailDomain = z.string().regex(/^[a-z0-9.-]+$/, 'a domain in lower case, without @')

const claimValue = z.union([z.string(), z.number(), z.boolean()], 'text, a number, true or false')

const nested = z.lazy(() => requirement)
const list = () => z.array(nested, 'a list of requirements').min(1, 'a list with at least one requirement').optional()

const shape = z.strictObject({
  any: list().meta({
    description: 'One of these requirements is met.',
    'x-example': [{ roles: ['platform-admin'] }, { groups: ['platform'] }],
  }),
  all: list().meta({
    description: 'Every one of these requirements is met.',
    'x-example': [{ roles: ['platform-admin'] }, { mfa: { within: '15m' } }],
  }),
  not: nested.optional().meta({
    description:
      'Turns a requirement around. Danger: alone it allows everybody else; combine it with another one in `all`.',
    'x-example': { kind: 'machine' },
  }),
  kind: z
    .enum(['user', 'machine'])
    .optional()
    .meta({ description: 'A person, or a program with its own access token.' }),
  roles: names('Has one of these roles.', 'platform-admin'),
  groups: names('Is in one of these groups.', 'platform'),
  permissions: names('Has one of these permissions.', 'read:catalog'),
  scopes: names('The access token has one of these scopes.', 'catalog:read'),
  organizations: names('Is logged in to one of these organizations, by id.', 'org_123'),
  emailDomains: z
    .array(emailDomain, 'a list of domains')
    .min(1, 'a list with at least one entry')
    .optional()
    .meta({
      description: 'Has a verified e-mail address in exactly one of these domains.',
      'x-example': ['example.com'],
    }),
  subjects: names('Is one of these subjects.', 'auth0|64f1c0ffee'),
  claims: z
    .record(
      z.string().min(1),
      z
        .array(claimValue, 'a list of values')
        .min(1)
        .meta({ 'x-example': ['gold'] }),
    )
    .refine((claims) => Object.keys(claims).length > 0, 'at least one claim with its values')
    .optional()
    .meta({
      description: 'Every claim named has one of the values listed.',
      'x-example': { 'https://example.com/tier': ['gold'] },
    }),
  mfa: z
    .strictObject({
      within: duration({ min: '1m', max: '30d' })
        .optional()
        .meta({ description: 'No longer ago than this.', 'x-example': '15m' }),
    })
    .optional()
    .meta({ description: 'Has logged in with a second factor.', 'x-example': { within: '15m' } }),
})

function hasOneKey(value: z.output<typeof shape>): value is Requirement & z.output<typeof shape> {
  return Object.keys(value).length === 1
}

/** A requirement has exactly one key: with several, it would be unclear whether all of them or any of them must be met. */
export const requirement: z.ZodType<Requirement> = shape
  .transform((value, context): Requirement => {
    if (hasOneKey(value)) return value
    // An unknown key has already been reported, and is not in the value.
    if (context.issues.length > 0) return z.NEVER
    const keys = Object.keys(value)
    if (keys.length === 0) return refuse(context, 'a requirement', 'add one, for example roles: [platform-admin]')
    const parts = keys.map((key) => `{ ${key}: … }`).join(', ')
    return refuse(
      context,
      'one key',
      `write all: [${parts}] when every one is needed, or any: [${parts}] when one is enough`,
    )
  })
  .meta({ id: 'requirement', minProperties: 1, maxProperties: 1 })
