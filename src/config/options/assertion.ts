import { z } from 'zod'

import { duration, wholeNumber } from '../values/quantities.ts'

const keys = z
  .strictObject({
    store: z.enum(['memory', 'file', 'redis']).default('memory').meta({
      description:
        'Where signing keys are kept: `memory` makes new ones at each start, `file` keeps them, `redis` shares them among all processes through `session.redis`.',
    }),
    path: z.string('a path').min(1).optional().meta({
      description: 'The file for `store: file`; made with mode 0600 when missing.',
      'x-example': '/var/lib/stagedoor/keys.json',
    }),
    rotateEvery: duration({ min: '1h', max: '90d' })
      .prefault('7d')
      .meta({ description: 'How often a new signing key takes over; the next one is published a period ahead.' }),
  })
  .prefault({})
  .meta({ description: 'The keys that sign assertions (ES256).' })

/** The kinds of headers that tell upstreams who the caller is. */
export const headerKinds = () =>
  z
    .array(z.enum(['assertion', 'oauth2-proxy']), 'a list of: assertion, oauth2-proxy')
    .min(1, 'at least one of: assertion, oauth2-proxy')

const patterns = () => z.array(z.string().min(1), 'a list of names, `*` for anything')

const groups = z
  .strictObject({
    include: patterns()
      .default(['*'])
      .meta({
        description:
          'Groups to pass on to upstreams, by name; `*` stands for any text. They are passed in the order of this list, and by alphabet within.',
        'x-example': ['platform-*', 'everyone'],
      }),
    exclude: patterns()
      .default([])
      .meta({
        description: 'Groups to leave out, though included.',
        'x-example': ['legacy-*'],
      }),
    max: wholeNumber({ min: 0, max: 500 })
      .prefault(100)
      .meta({ description: 'Most groups in an assertion; the rest are left out, and the log counts them.' }),
  })
  .prefault({})
  .meta({
    description:
      'The groups that an assertion names; the limits keep it small enough for a header. Rules always see all groups.',
  })

export const assertion = z
  .strictObject({
    audience: z
      .string('an audience')
      .min(1)
      .default('urn:stagedoor:backstage')
      .meta({ description: 'The `aud` claim of assertions. Backstage’s auth module needs the same value.' }),
    lifetime: duration({ min: '61s', max: '5m' })
      .prefault('5m')
      .meta({ description: 'How long an assertion is valid. One is used again while over 60 s are left.' }),
    keys,
    groups,
    headers: headerKinds()
      .default(['assertion'])
      .meta({
        description:
          'The headers for upstreams: `assertion` is the signed `X-Stagedoor-Assertion`; `oauth2-proxy` adds `X-Forwarded-User`, `-Email` and the like. ' +
          'Danger: those are unsigned, so anyone that can reach the upstream directly can pose as any user.',
      }),
  })
  .prefault({})
  .meta({ description: 'The signed statement about the caller that upstreams get.' })
