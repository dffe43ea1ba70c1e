import { z } from 'zod'

import { duration } from '../values/duration.ts'
import { secretText } from '../values/secret-text.ts'

const redisUrl = secretText({ minLength: 1, fix: 'write for example redis://redis:6379' })
  .refine((url) => /^rediss?:\/\/[^/\s]+/.test(url.reveal()), {
    message: 'a redis:// or rediss:// URL',
    params: { fix: 'write for example redis://redis:6379, or rediss:// for TLS' },
  })
  .meta({
    description:
      'URL of the Redis or Valkey server; `rediss://` for TLS. It may hold user and password, so it is kept as a secret.',
    'x-example': 'redis://redis:6379',
    'x-env': 'STAGEDOOR_REDIS_URL',
    'x-env-default': '',
  })

const redis = z
  .strictObject({ url: redisUrl })
  .optional()
  .meta({ description: 'The Redis or Valkey server that sessions are kept in.' })

export const session = z
  .strictObject({
    store: z.enum(['cookie', 'redis']).optional().meta({
      description:
        'Where sessions are kept: sealed in the browser’s `cookie`, or in `redis` under a random id. Default: `redis` when `session.redis` is set, else `cookie`.',
    }),
    redis,
    secrets: z
      .array(secretText({ minLength: 32, fix: 'make one with: openssl rand -base64 48' }), 'a list of secrets')
      .min(1, 'at least one secret')
      .meta({
        description: 'Secrets of at least 32 characters: the first seals, all open. To rotate, put the new one first.',
        'x-example': [{ $file: '/run/secrets/session' }],
        'x-env': 'STAGEDOOR_SESSION_SECRET',
      }),
    idleTimeout: duration({ min: '1m', max: '30d' })
      .prefault('1h')
      .meta({ description: 'A session unused for so long ends.' }),
    absoluteTimeout: duration({ min: '1m', max: '90d' })
      .prefault('12h')
      .meta({ description: 'A session ends so long after login, however much it is used.' }),
    refreshEvery: duration({ min: '1m', max: '1d' }).prefault('10m').meta({
      description: 'How often roles and claims are asked for anew; the longest a role outlives its removal in Auth0.',
    }),
  })
  .transform(({ store, ...rest }) => ({
    ...rest,
    store: store ?? (rest.redis ? ('redis' as const) : ('cookie' as const)),
  }))
  .meta({ description: 'How long people stay logged in, and where that is kept.' })
