import { z } from 'zod'

import { refusalOfRedisUrl } from '../values/addresses.ts'
import { duration, refuse, wholeNumber } from '../values/quantities.ts'
import { certificates, pemKey, secretText } from '../values/secret.ts'

const pemExample = { $file: '/run/secrets/redis.pem' }

const nodeUrl = z
  .string('a redis:// or rediss:// URL')
  .regex(/^rediss?:\/\/[^/\s@?#]+$/, 'a redis:// or rediss:// URL of host and port')

const nodes = (description: string) =>
  z
    .array(nodeUrl, 'a list of redis:// or rediss:// URLs')
    .min(1, 'at least one node')
    .meta({ description, 'x-example': ['redis://redis-0:26379'] })

const redisUrl = secretText({ minLength: 1, fix: 'write for example redis://redis:6379' })
  .superRefine((url, context) => {
    const refusal = refusalOfRedisUrl(url.reveal())
    if (refusal !== undefined) refuse(context, ...refusal)
  })
  .meta({
    description:
      'URL of the Redis or Valkey server; `rediss://` for TLS. It may hold user and password, so it is kept as a secret.',
    'x-example': 'redis://redis:6379',
    'x-env': 'STAGEDOOR_REDIS_URL',
    'x-env-default': '',
  })

const redis = z
  .strictObject({
    url: redisUrl.optional(),
    sentinel: z
      .strictObject({
        primary: z
          .string('the name of a primary')
          .min(1, 'the name of a primary')
          .meta({ description: 'The name under which the sentinels watch the primary.', 'x-example': 'mymaster' }),
        nodes: nodes('The sentinels; `rediss://` means TLS for them and for the servers that they name.'),
      })
      .optional()
      .meta({ description: 'Find the server by asking Redis Sentinel, in place of `url`.' }),
    cluster: z
      .strictObject({ nodes: nodes('Some nodes of the cluster; `rediss://` means TLS for all of them.') })
      .optional()
      .meta({
        description:
          'Find the server in a Redis Cluster, in place of `url`. All keys share one hash slot, and so one node.',
      }),
    username: z.string('a user name').optional().meta({
      description: 'User at the server, over the one in `url`.',
      'x-example': 'stagedoor',
    }),
    password: secretText({ minLength: 1, fix: 'write the password, or leave the option out' })
      .optional()
      .meta({
        description: 'Password at the server, over the one in `url`.',
        'x-example': { $file: '/run/secrets/redis' },
      }),
    tls: z
      .strictObject({
        ca: certificates().optional().meta({
          description: 'Authorities that signed the server’s certificate; default: those that Node knows.',
          'x-example': pemExample,
        }),
        cert: certificates()
          .optional()
          .meta({ description: 'Our own certificate, where the server asks for one.', 'x-example': pemExample }),
        key: pemKey().optional().meta({ description: 'The key of our own certificate.', 'x-example': pemExample }),
      })
      .optional()
      .meta({ description: 'Certificates (PEM) for `rediss://`.' }),
    timeout: duration({ min: '100ms', max: '30s' })
      .prefault('2s')
      .meta({ description: 'How long connecting to Redis may take, and each of its answers.' }),
    outageGrace: duration({ min: '0s', max: '1h' })
      .prefault('1m')
      .meta({
        description:
          'While Redis cannot be reached, how long sessions in this process’s memory continue; then they get 503. ' +
          'Danger: during this time the process may not learn that a session was ended elsewhere.',
      }),
    maxCached: wholeNumber({ min: 1, max: 10_000_000 })
      .prefault(100_000)
      .meta({ description: 'How many sessions each process keeps in memory, about 2 KB each.' }),
  })
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
      .meta({ description: 'A session ends after this time without use.' }),
    absoluteTimeout: duration({ min: '1m', max: '90d' })
      .prefault('12h')
      .meta({ description: 'A session ends this long after login, even when it is in use.' }),
    refreshEvery: duration({ min: '1m', max: '1d' }).prefault('10m').meta({
      description:
        'How often roles and claims are fetched again: the longest time for which a role outlives its removal in Auth0.',
    }),
    maxStale: duration({ min: '0s', max: '7d' }).prefault('1h').meta({
      description:
        'How much longer a session keeps its roles while Auth0 does not answer. After that, people have to log in again.',
    }),
    otherOrigins: z
      .enum(['navigate', 'read', 'all'], 'navigate, read or all')
      .default('read')
      .meta({
        description:
          'What pages at other origins may do in the name of a signed-in person: `navigate`: link to the portal; `read`: also load from it (GET); `all`: also change things. ' +
          'Browsers keep the session from pages of other sites in any case (`SameSite=Lax`), but not from other hosts of the same domain. ' +
          'Danger of `all`: whoever controls another host of the domain acts as the person who visits it.',
      }),
  })
  .transform(({ store, ...rest }) => ({
    ...rest,
    store: store ?? (rest.redis ? ('redis' as const) : ('cookie' as const)),
  }))
  .meta({ description: 'How long people stay logged in, and where sessions are stored.' })
