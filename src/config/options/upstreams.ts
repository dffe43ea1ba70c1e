import { z } from 'zod'

import { upstreamUrl } from '../values/addresses.ts'
import { always, duration, size, wholeNumber } from '../values/quantities.ts'
import { description, title } from './pages.ts'
import { assertion, health, rewrite, timeouts, tls } from './upstream-parts.ts'

const neither = {
  ...always,
  path: ['url'],
  message: 'url (or urls)',
  params: { fix: 'add url: http://127.0.0.1:7007' },
}

const both = { ...always, path: ['urls'], message: 'url or urls, not both', params: { fix: 'move url into urls' } }

const upstream = z
  .strictObject({
    url: upstreamUrl().optional().meta({
      description: 'Scheme, host and port of the upstream, or `unix:/path` for a socket.',
      'x-example': 'http://127.0.0.1:7007',
      'x-env': 'BACKSTAGE_URL',
      'x-env-default': 'http://127.0.0.1:7007',
    }),
    urls: z
      .array(upstreamUrl(), 'a list of URLs')
      .min(1, 'at least one URL')
      .optional()
      .meta({
        description: 'Instead of `url`: addresses of equal servers. Each request goes to the least busy healthy one.',
        'x-example': ['http://10.0.0.1:7007', 'http://10.0.0.2:7007'],
      }),
    title: title().optional().meta({
      description: 'Lists the service on the account page, under this name.',
      'x-example': 'Backstage',
    }),
    description: description().optional().meta({
      description: 'One line below the title.',
      'x-example': 'Services, templates and documentation',
    }),
    icon: z
      .string('one or two characters')
      .regex(/^.{1,4}$/u, 'one or two characters')
      .optional()
      .meta({
        description: 'One or two characters beside the title, such as an emoji.',
        'x-example': '📚',
      }),
    health,
    coolDown: duration({ min: '1s', max: '10m' }).prefault('10s').meta({
      description:
        'How long an address gets no requests after a connection to it could not be opened, when there are other addresses.',
    }),
    rewrite,
    assertion,
    tls,
    maxConnections: wholeNumber({ min: 1, max: 65_535 }).prefault(256).meta({
      description:
        'Requests under way at the same time, each on its own connection. Upgrades and event streams count in `maxStreams`; here as there, those of callers who are not signed in count apart.',
    }),
    maxStreams: wholeNumber({ min: 1, max: 1_000_000 })
      .prefault(20_000)
      .meta({ description: 'Upgrades and event streams open at the same time; past it the answer is 503.' }),
    maxQueued: wholeNumber({ min: 0, max: 1_000_000 })
      .prefault(1024)
      .meta({ description: 'Requests that may wait for a connection; past it the answer is 503.' }),
    maxWait: duration({ min: '100ms', max: '5m' }).prefault('10s').meta({
      description: 'How long a request may wait for a connection, then 503.',
    }),
    maxHeaderBytes: size({ min: '8KiB', max: '1MiB' }).prefault('64KiB').meta({
      description: 'Longest head of an answer: status line and headers together; past it the answer is 502.',
    }),
    timeouts,
  })
  .refine(({ url, urls }) => url !== undefined || urls !== undefined, neither)
  .refine(({ url, urls }) => url === undefined || urls === undefined, both)
  .transform(({ url, urls, ...rest }) => ({ ...rest, urls: [url, urls].flat().filter((one) => one !== undefined) }))

export const upstreams = z
  .record(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'a name of lower-case letters, digits and dashes'), upstream)
  .refine((all) => Object.keys(all).length > 0, {
    message: 'at least one upstream',
    params: { fix: 'add backstage: { url: http://127.0.0.1:7007 }' },
  })
  .meta({ description: 'What we forward to, by name.', 'x-example': { backstage: { url: 'http://127.0.0.1:7007' } } })
