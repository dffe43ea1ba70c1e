import { z } from 'zod'

import { always, duration, refuse } from '../values/quantities.ts'
import { certificates, pemKey } from '../values/secret.ts'
import { headerKinds } from './assertion.ts'

export const timeouts = z
  .strictObject({
    connect: duration({ min: '100ms', max: '1m' })
      .prefault('5s')
      .meta({ description: 'How long a connection may take to open.' }),
    headers: duration({ min: '1s', max: '1h' })
      .prefault('60s')
      .meta({ description: 'How long the head of an answer may take. Its body and open streams may take any time.' }),
    upgrade: duration({ min: '1s', max: '10m' })
      .prefault('10s')
      .meta({ description: 'How long the answer to a WebSocket upgrade may take.' }),
  })
  .prefault({})
  .meta({ description: 'Time limits for the upstream.' })

const pathShape = 'a path that begins with a slash'

const path = () =>
  z
    .string(pathShape)
    .transform((text, context): string =>
      isPath(text) ? text : refuse(context, pathShape, 'write for example /docs, or / for the root'),
    )

function isPath(text: string): boolean {
  return /^\/(?:[A-Za-z0-9._~!$&'()+,=:@/-]|%[0-9A-F]{2})*$/.test(text) && !/\/\/|\/\.{1,2}(?:\/|$)/.test(text)
}

const pathOrOff = `${pathShape}, or off`

export const health = z
  .strictObject({
    path: path().meta({
      description: 'Path that answers 2xx while the address is well.',
      'x-example': '/.backstage/health/v1/readiness',
    }),
    every: duration({ min: '1s', max: '10m' }).prefault('10s').meta({ description: 'How often it is asked.' }),
    timeout: duration({ min: '100ms', max: '1m' })
      .prefault('2s')
      .meta({ description: 'How long the answer may take. Two failures in a row, and requests go elsewhere.' }),
  })
  .optional()
  .meta({
    description: 'Health check of each address; without one, only requests show whether it works.',
    'x-example': { path: '/.backstage/health/v1/readiness', every: '10s' },
  })

export const rewrite = z
  .strictObject({
    from: path().meta({
      description: 'The beginning that is replaced, whole segments only; other paths are answered with 404.',
      'x-example': '/docs',
    }),
    to: path().prefault('/').meta({ description: 'What stands there instead.' }),
  })
  .optional()
  .meta({
    description: 'Replaces the beginning of paths. The upstream finds the original one in `X-Forwarded-Prefix`.',
    'x-example': { from: '/docs', to: '/' },
  })

export const assertion = z
  .strictObject({
    audience: z
      .string('an audience')
      .min(1)
      .optional()
      .meta({
        description:
          'The `aud` claim of assertions to this upstream. Default: `assertion.audience` for the default upstream, ' +
          '`urn:stagedoor:<name>` for all others, so that none can use what another was sent.',
        'x-example': 'urn:stagedoor:docs',
      }),
    headers: headerKinds()
      .optional()
      .meta({ description: 'What this upstream is sent; default: `assertion.headers`.', 'x-example': ['assertion'] }),
    signInPath: z
      .string(pathOrOff)
      .transform((text, context): string =>
        text === 'off' || isPath(text)
          ? text
          : refuse(context, pathOrOff, 'write for example /api/auth/stagedoor/refresh'),
      )
      .optional()
      .meta({
        description:
          'Path at which the upstream reads the assertion and remembers what the person is. When a refresh of a session ' +
          'brought other roles, groups or permissions, it is asked with the new assertion, so that they count for ' +
          'tokens which it issued before. Default: `/api/auth/stagedoor/refresh` (Backstage’s sign-in) for the default ' +
          'upstream, `off` for all others.',
        'x-example': '/api/auth/stagedoor/refresh',
      }),
  })
  .optional()
  .meta({
    description: 'How the caller’s identity reaches this upstream.',
    'x-example': { audience: 'urn:stagedoor:docs', headers: ['assertion'] },
  })

const keyAlone = {
  ...always,
  path: ['certificate'],
  message: 'certificate and key, or neither',
  params: { fix: 'add the missing one: a client certificate needs both' },
}

export const tls = z
  .strictObject({
    ca: certificates()
      .optional()
      .meta({
        description: 'Authorities that sign the upstream’s certificate; default: those that Node knows.',
        'x-example': { $file: '/etc/stagedoor/tls/ca.pem' },
      }),
    certificate: certificates()
      .optional()
      .meta({
        description: 'Our own certificate, for upstreams that ask for one.',
        'x-example': { $file: '/etc/stagedoor/tls/client.pem' },
      }),
    key: pemKey()
      .optional()
      .meta({
        description: 'The key of our certificate.',
        'x-example': { $file: '/etc/stagedoor/tls/client-key.pem' },
      }),
    serverName: z
      .string('a host name')
      .regex(/^[A-Za-z0-9.-]+$/, 'a host name')
      .optional()
      .meta({
        description: 'Name in the upstream’s certificate, where it is not the host of its URL.',
        'x-example': 'docs.internal',
      }),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), keyAlone)
  .optional()
  .meta({
    description: 'TLS to upstreams with an https:// URL.',
    'x-example': { ca: { $file: '/etc/stagedoor/tls/ca.pem' } },
  })
