import { z } from 'zod'

import { hostName } from '../../rule-matching/hosts.ts'
import { forwardedMethods } from '../../rule-matching/methods.ts'
import { pathPattern } from '../../rule-matching/paths.ts'
import { refuse } from '../values/quantities.ts'
import { description, title } from './pages.ts'
import { requirement } from './requirement.ts'

/** A person or team to ask, as in “Ask … for access.” */
const contact = () => z.string('a person or team').min(1).max(200)

const hostShape = 'a host as in the Host header, in lower case and without *'

/** A host in any other spelling would match no request: the rule would look like protection but protect nothing. */
const ruleHost = z
  .string(hostShape)
  .regex(/^[a-z0-9_.:[\]-]+$/, hostShape)
  .transform((text, context): string => {
    const { name, withPort } = hostName(text)
    const isMeant = withPort === text && URL.parse(`http://${text}/`)?.hostname === name
    return isMeant ? text : refuse(context, hostShape, 'write for example portal.example.com:8443 or [::1]')
  })

const rule = z.strictObject({
  name: z
    .string('a name')
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a name of letters, digits, dots, dashes and underscores')
    .meta({
      description: 'Names the rule in logs, records and explanations; each name once.',
      'x-example': 'everything',
    }),
  path: pathPattern().meta({
    description:
      'Path that the rule is about: `*` stands for one segment, a last `**` for all the rest. Letter case and a slash at the end are ignored.',
    'x-example': '/**',
  }),
  methods: z
    .array(z.enum(forwardedMethods), 'a list of methods')
    .min(1, 'at least one method')
    .optional()
    .meta({
      description:
        'Methods that the rule is about; without it, all. `GET` covers `HEAD` too. `TRACE` and `CONNECT` are always refused.',
      'x-example': ['GET', 'HEAD'],
    }),
  hosts: z
    .array(ruleHost, 'a list of hosts')
    .min(1, 'at least one host')
    .optional()
    .meta({
      description: 'Hosts that the rule is about, at every port unless one is written; without it, all.',
      'x-example': ['portal.example.com'],
    }),
  allow: z.union([z.enum(['public', 'authenticated']), requirement], 'public, authenticated, or a requirement').meta({
    description:
      'Callers that may pass: `public` means all, `authenticated` all that are logged in; otherwise a requirement.',
    'x-example': 'authenticated',
  }),
  paths: z.enum(['strict', 'as-is']).optional().meta({
    description:
      'Spellings that servers may read differently, `//`, `;v=1`, `%2F`, `%5C` and `%25ab`: `strict`, the default, answers 400, `as-is` lets them pass, and the upstream gets the path that the rules saw. Where another rule would decide on the plainest reading, the answer is 400 still. Danger: an upstream that reads them in a way of its own may see another path than the rules did.',
    'x-example': 'strict',
  }),
  upstream: z.string('the name of an upstream').optional().meta({
    description: 'Where the request goes. Default: `backstage`, or the only upstream there is.',
    'x-example': 'backstage',
  }),
  title: title().optional().meta({
    description:
      'Lists what the rule is about on the account page, under this name, with whether the person may reach it.',
    'x-example': 'Platform administration',
  }),
  description: description().optional().meta({
    description: 'One line below the title.',
    'x-example': 'Manage clusters and quotas',
  }),
  contact: contact().optional().meta({
    description: 'A person or team to ask when this rule refuses. Default: `policy.contact`.',
    'x-example': 'the platform team (#platform)',
  }),
  audit: z.string('a label').min(1).optional().meta({
    description:
      'Makes what this rule is about an admin action of this class: recorded before it is forwarded and before it is answered. Changes in Backstage have a class without it.',
    'x-example': 'admin',
  }),
})

export const routes = z
  .array(rule, 'a list of rules')
  .min(1, 'at least one rule')
  .meta({
    description:
      'The rules of access: the first rule that matches decides, and without a match the request is refused. A later file replaces the whole list.',
    'x-example': [{ name: 'everything', path: '/**', allow: 'authenticated' }],
  })

export const policy = z
  .strictObject({
    contact: contact().default('the owners of the portal').meta({
      description: 'A person or team to ask after a refusal: a name, a channel or an address. The page shows it.',
      'x-example': 'the platform team (platform@example.com)',
    }),
  })
  .prefault({})
  .meta({ description: 'Texts of refusals; the rules themselves are `routes`.' })
