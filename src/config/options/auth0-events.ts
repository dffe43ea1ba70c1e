import { z } from 'zod'

import { secretText } from '../values/secret.ts'

const bearer = () => secretText({ minLength: 32, fix: 'make one with: openssl rand -hex 32' })

const pull = z
  .strictObject({
    clientId: z.string('the client id').min(1).meta({
      description: 'Client ID of a Machine to Machine application that may `read:events` of the Management API.',
      'x-example': 'hU2gRqWzX7pLkT0aYbN4cD9e',
    }),
    clientSecret: secretText({ minLength: 1, fix: 'copy it from the application’s settings in Auth0' }).meta({
      description: 'Client secret of that application.',
      'x-example': { $file: '/run/secrets/auth0-events' },
    }),
    audience: z.string('the identifier of the Management API').min(1).optional().meta({
      description:
        'Identifier of the Management API; always at the tenant’s own domain, so it is needed where `issuer` is a custom one. Default: `<issuer>api/v2/`.',
      'x-example': 'https://tenant.eu.auth0.com/api/v2/',
    }),
    offsetFile: z.string('a path').min(1).optional().meta({
      description:
        'File that remembers how far events were read. Not needed with `session.redis`; with neither, a restart reads the last hours again.',
      'x-example': '/var/lib/stagedoor/events-offset',
    }),
  })
  .optional()
  .meta({ description: 'Read events from Auth0 (Events API): works without a public address. Off unless given.' })

const webhook = z
  .strictObject({
    tokens: z
      .array(bearer(), 'a list of secrets')
      .min(1, 'at least one token')
      .max(2, 'at most two tokens')
      .meta({
        description: 'Bearer tokens that Auth0 may send; two while one is being replaced.',
        'x-example': [{ $file: '/run/secrets/events-webhook' }],
      }),
    tenant: z.string('the name of the tenant').min(1).optional().meta({
      description: 'Tenant whose events are accepted (`a0tenant`). Any unless given.',
      'x-example': 'my-tenant',
    }),
    stream: z.string('the id of the event stream').min(1).optional().meta({
      description: 'Event stream whose events are accepted (`a0stream`). Any unless given.',
      'x-example': 'est_vjFVP5pVdfvsfRKatshkVV',
    }),
  })
  .optional()
  .meta({ description: 'Receive events from Auth0 (Event Streams) at `/.stagedoor/events`. Off unless given.' })

/** How Stagedoor receives events about users from Auth0. */
export const events = z.strictObject({ pull, webhook }).optional().meta({
  description: 'Events of Auth0: a user was blocked, deleted, or lost a membership or role.',
})
