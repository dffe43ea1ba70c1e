import { z } from 'zod'

import { duration } from '../values/duration.ts'
import { origin } from '../values/origin.ts'
import { wholeNumber } from '../values/whole-number.ts'

const timeouts = z
  .strictObject({
    connect: duration({ min: '100ms', max: '1m' })
      .prefault('5s')
      .meta({ description: 'How long a connection may take to open.' }),
    headers: duration({ min: '1s', max: '1h' })
      .prefault('60s')
      .meta({ description: 'How long the head of an answer may take. Bodies and open streams are never cut.' }),
    upgrade: duration({ min: '1s', max: '10m' })
      .prefault('10s')
      .meta({ description: 'How long the answer to a WebSocket upgrade may take.' }),
  })
  .prefault({})
  .meta({ description: 'Limits in time on the side of the upstream.' })

const upstream = z.strictObject({
  url: origin({ example: 'http://127.0.0.1:7007', httpsUnlessLoopback: false }).meta({
    description: 'Scheme, host and port of the upstream.',
    'x-example': 'http://127.0.0.1:7007',
    'x-env': 'BACKSTAGE_URL',
    'x-env-default': 'http://127.0.0.1:7007',
  }),
  maxConnections: wholeNumber({ min: 1, max: 65_535 }).prefault(256).meta({
    description: 'Connections kept to the upstream at most; upgrades and event streams have connections of their own.',
  }),
  maxQueued: wholeNumber({ min: 0, max: 1_000_000 })
    .prefault(1024)
    .meta({ description: 'Requests that may wait for a connection; past it the answer is 503.' }),
  timeouts,
})

export const upstreams = z
  .record(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'a name of lower-case letters, digits and dashes'), upstream)
  .refine((all) => Object.keys(all).length > 0, {
    message: 'at least one upstream',
    params: { fix: 'add backstage: { url: http://127.0.0.1:7007 }' },
  })
  .meta({ description: 'What we forward to, by name.', 'x-example': { backstage: { url: 'http://127.0.0.1:7007' } } })
