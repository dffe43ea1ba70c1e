import { z } from 'zod'

import { issuerUrl, webUrl } from '../values/addresses.ts'
import { parseDateTime } from '../values/moments.ts'
import { duration, refuse } from '../values/quantities.ts'

const identifiers = () => z.array(z.string().min(1), 'a list of API identifiers')
const names = (what: string) => z.array(z.string().min(1), `a list of ${what}`)

const issuer = z.strictObject({
  issuer: issuerUrl('https://login.example.com/', 'machines').meta({
    description: 'The issuer, spelled exactly as its discovery document and the `iss` of its tokens do.',
    'x-example': 'https://login.example.com/',
  }),
  audiences: identifiers()
    .min(1, 'at least one audience')
    .meta({
      description: 'Audiences accepted from this issuer.',
      'x-example': ['https://backstage.example.com/api'],
    }),
})

const tokenClass = z
  .strictObject({
    audience: z.string('an audience').min(1).meta({
      description: 'The `aud` of our token for this class; an entry of Backstage’s externalAccess has the same.',
      'x-example': 'urn:stagedoor:backstage-machine:catalog-read',
    }),
    scopes: names('scopes')
      .min(1)
      .optional()
      .meta({
        description: 'The access token has one of these scopes.',
        'x-example': ['read:catalog'],
      }),
    permissions: names('permissions')
      .min(1)
      .optional()
      .meta({
        description: 'The access token has one of these permissions.',
        'x-example': ['read:catalog'],
      }),
  })
  .refine(({ scopes, permissions }) => scopes !== undefined || permissions !== undefined, {
    message: 'scopes or permissions',
    params: { fix: 'name the tokens of this class, for example scopes: [read:catalog]' },
  })

const moment = z.string('a time').transform((text, context): number => {
  const expected = 'a valid date and time with its zone'
  return parseDateTime(text) ?? refuse(context, expected, 'write for example "2026-11-01T00:00:00Z"')
})

const denied = z
  .strictObject({
    client: z.string('a client id').min(1).optional().meta({
      description: 'The token was given to this client.',
      'x-example': 'hU2gRqWzX7pLkT0aYbN4cD9e',
    }),
    subject: z.string('a subject').min(1).optional().meta({
      description: 'The token speaks for this subject; for Backstage’s own tokens an entity reference.',
      'x-example': 'user:default/jane',
    }),
    issuedBefore: moment.optional().meta({
      description: 'The token was issued before this time.',
      'x-example': '2026-11-01T00:00:00Z',
    }),
  })
  .refine((entry) => Object.keys(entry).length > 0, {
    message: 'client, subject or issuedBefore',
    params: { fix: 'an empty entry would deny every token; name at least one' },
  })

const keys = z
  .strictObject({
    store: z.enum(['memory', 'file', 'redis']).default('memory').meta({
      description:
        'Where the keys are kept: `memory` makes new ones at each start, `file` keeps them, `redis` shares them among all processes through `session.redis`.',
    }),
    path: z.string('a path').min(1).optional().meta({
      description: 'The file for `store: file`; another than assertion.keys.path.',
      'x-example': '/var/lib/stagedoor/machine-keys.json',
    }),
    rotateEvery: duration({ min: '1h', max: '90d' })
      .prefault('7d')
      .meta({ description: 'How often a new key takes over; the next one is published a period ahead.' }),
  })
  .prefault({})
  .meta({ description: 'The keys that sign our tokens for machines; never those of assertions.' })

const jwks = z
  .strictObject({
    refreshEvery: duration({ min: '10s', max: '1h' }).prefault('5m').meta({
      description: 'How often an issuer’s keys are fetched anew; the longest that a revoked key is still believed.',
    }),
    keepFor: duration({ min: '0s', max: '7d' }).prefault('24h').meta({
      description: 'How long the last good keys are used while an issuer does not answer.',
    }),
    path: z.string('a path').min(1).optional().meta({
      description:
        'File that keeps the last good keys over a restart. Danger: write access to it allows forging tokens.',
      'x-example': '/var/lib/stagedoor/jwks.json',
    }),
  })
  .prefault({})
  .meta({ description: 'How the public keys of issuers are fetched.' })

const backstageTokens = z
  .strictObject({
    rules: names('rule names')
      .default([])
      .meta({
        description:
          'Rules of `routes` that take user tokens of Backstage’s own (`backstage-cli auth login`, MCP clients) in place of a session. ' +
          'Danger: such a token outlives our session of that person, until it expires.',
        'x-example': ['mcp'],
      }),
    jwksUrl: webUrl('remove them: keys are public').optional().meta({
      description:
        'Where Backstage’s keys are. Default: `/api/auth/.well-known/jwks.json` at the upstream of the first rule in `rules`, unless that is a socket.',
      'x-example': 'http://127.0.0.1:7007/api/auth/.well-known/jwks.json',
    }),
  })
  .prefault({})
  .meta({ description: 'Clients that log in with Backstage itself.' })

export const machines = z
  .strictObject({
    audiences: identifiers()
      .default([])
      .meta({
        description:
          'Identifiers of the APIs in Auth0 whose access tokens machines may bring; empty: no machine comes in.',
        'x-example': ['https://backstage.example.com/api'],
        'x-env': 'AUTH0_AUDIENCE',
        'x-env-default': '',
      }),
    issuers: z.array(issuer, 'a list of issuers').prefault([]).meta({
      description: 'Further issuers of access tokens beside auth0.issuer.',
    }),
    audience: z.string('an audience').min(1).default('urn:stagedoor:backstage-machine').meta({
      description: 'The `aud` of our tokens to Backstage for machines of no class.',
    }),
    classes: z.array(tokenClass, 'a list of classes').default([]).meta({
      description:
        'Audiences for classes of machines, so that Backstage can restrict each; the first that fits counts.',
    }),
    lifetime: duration({ min: '61s', max: '5m' }).prefault('5m').meta({
      description: 'How long our token is valid, and never longer than the access token it stands for.',
    }),
    clockTolerance: duration({ min: '0s', max: '2m' }).prefault('10s').meta({
      description: 'Largest accepted difference between the issuer’s clock and ours.',
    }),
    maxTokenAge: duration({ min: '1m', max: '30d' }).optional().meta({
      description:
        'Largest age of an access token, even when it is valid for longer; Auth0 cannot revoke access tokens.',
      'x-example': '1h',
    }),
    deny: z.array(denied, 'a list of what is denied').prefault([]).meta({
      description:
        'Tokens that are refused although they are valid. An entry refuses a token when everything that it names applies.',
    }),
    keys,
    jwks,
    backstageTokens,
  })
  .prefault({})
  .meta({ description: 'Scripts, CI jobs and agents that come with an access token.' })
