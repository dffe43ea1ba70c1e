import { z } from 'zod'

import { isIdentityHeader } from '../../headers/foreign-identity-headers.ts'
import { networks, origin } from '../values/addresses.ts'
import { duration, flag, refuse, size, port, wholeNumber } from '../values/quantities.ts'

/** First path segments that belong to Backstage: our endpoints there would hide its own. */
const backstageSegments = new Set(['oauth2', 'api', 'static', '.backstage', '.well-known'])
const prefixShape = /^\/[A-Za-z0-9._~-]*[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/

const prefix = z.string('a path of one segment').transform((text, context): string => {
  if (!prefixShape.test(text)) {
    return refuse(context, 'a path of one segment, without a slash at the end', 'write for example /.stagedoor')
  }
  if (backstageSegments.has(text.slice(1).toLowerCase())) {
    return refuse(context, 'a path that Backstage does not use itself', 'leave it at /.stagedoor')
  }
  return text
})

const host = () => z.string('an address to listen on').min(1)

/** unix(7): `sun_path` has 108 bytes, and the last one is zero. */
const maxSocketPathBytes = 107

const listen = z
  .strictObject({
    host: host().default('0.0.0.0').meta({ description: 'Address to listen on; `::` for IPv4 and IPv6.' }),
    port: port()
      .prefault(8080)
      .meta({ description: 'Port to listen on; 0 lets the system choose.', 'x-env': 'STAGEDOOR_PORT' }),
    path: z
      .string('a path')
      .min(1)
      .refine((text) => Buffer.byteLength(text) <= maxSocketPathBytes, {
        message: `a path of at most ${maxSocketPathBytes} bytes`,
        params: { fix: 'write a shorter one, for example /run/stagedoor/http.sock' },
      })
      .optional()
      .meta({
        description:
          'A Unix socket in place of host and port, for a proxy in the same pod. Danger: access to it depends on the ' +
          'permissions of its folder.',
        'x-example': '/run/stagedoor/http.sock',
      }),
  })
  .prefault({})
  .meta({ description: 'Where clients connect.' })

const file = (description: string, example: string) =>
  z.string('a path').min(1).meta({ description, 'x-example': example })

const hsts = z
  .strictObject({
    maxAge: duration({ min: '0s', max: '730d' })
      .prefault('365d')
      .meta({ description: 'How long browsers remember it; `0s` makes them forget.' }),
    includeSubDomains: flag().prefault(false).meta({
      description:
        'Whether it also applies to subdomains. Danger: browsers no longer reach subdomains that offer plain http only.',
    }),
  })
  .optional()
  .meta({
    description:
      'Tells browsers to use https only for this host (`Strict-Transport-Security`, RFC 6797), in place of what upstreams say. Off unless given.',
  })

const tls = z
  .strictObject({
    certificate: file(
      'File with the certificate and its intermediates, in PEM form. It is checked every 10 s, and new connections use the new one.',
      '/etc/stagedoor/tls/tls.crt',
    ),
    key: file(
      'File with its private key, in PEM form, without a passphrase; looked at together with the certificate.',
      '/etc/stagedoor/tls/tls.key',
    ),
    hsts,
  })
  .optional()
  .meta({
    description:
      'TLS for clients, and with it HTTP/2 beside HTTP/1.1; without it, whatever is in front of us does TLS.',
  })

const workers = z
  .union([z.literal('auto'), wholeNumber({ min: 1, max: 64 })], 'a number of processes, or auto')
  .prefault(1)
  .meta({
    description:
      'Processes that serve clients side by side: a number, or `auto` for one a core. More than one shares sessions, their ends and signing keys through Redis. Limits on connections and queues count for each.',
  })

const admin = z
  .strictObject({
    host: host().default('127.0.0.1').meta({
      description: 'Address to listen on. Danger: this listener asks for no login; keep it off public networks.',
    }),
    port: port().prefault(9464).meta({ description: 'Port to listen on; 0 lets the system choose.' }),
  })
  .prefault({})
  .meta({ description: 'The listener for probes and metrics. A change needs a restart.' })

const timeouts = z
  .strictObject({
    headers: duration({ min: '1s', max: '10m' })
      .prefault('30s')
      .meta({ description: 'How long a client may take to send the head of a request.' }),
    transfer: duration({ min: '1s', max: '1h' }).prefault('60s').meta({
      description:
        'How long a client may take to send the next 32 KiB of a body, or to take what it is sent of an answer; then the request is cut off.',
    }),
    keepAlive: duration({ min: '1s', max: '1h' }).prefault('75s').meta({
      description: 'How long an idle client connection stays open; longer than the load balancer’s own limit.',
    }),
    drain: duration({ min: '0s', max: '10m' }).prefault('0s').meta({
      description:
        'How long Stagedoor goes on accepting requests after SIGTERM, while readiness answers 503; longer than the load balancer takes to notice. It is a part of `shutdown`. In Kubernetes, `preStop` does the same.',
    }),
    shutdown: duration({ min: '0s', max: '1h' }).prefault('25s').meta({
      description:
        'How long open requests may take to finish after SIGTERM; less than the orchestrator’s grace period.',
    }),
  })
  .prefault({})
  .meta({ description: 'Time limits for clients.' })

const headerShape = 'an identity header that Stagedoor removes, written with dashes'

const passedHeader = z.string(headerShape).transform((text, context): string => {
  const name = text.toLowerCase()
  const isNamed = /^[a-z0-9-]+$/.test(name) && isIdentityHeader(name)
  return isNamed
    ? name
    : refuse(
        context,
        headerShape,
        'write for example Cf-Access-Jwt-Assertion; any header that is not removed needs no entry',
      )
})

const failedAttempts = z
  .strictObject({
    max: wholeNumber({ min: 1, max: 1_000_000 })
      .prefault(30)
      .meta({ description: 'Failed attempts within the window, per client address and per client id; then 429.' }),
    window: duration({ min: '1s', max: '1d' }).prefault('1m').meta({ description: 'How long an attempt is counted.' }),
  })
  .prefault({})
  .meta({
    description:
      'Limits on refused access tokens and failed sign-ins. Good credentials are never held up; with session.redis, replicas count together.',
  })

const overload = z
  .strictObject({
    maxDelay: duration({ min: '50ms', max: '10s' }).prefault('3s').meta({
      description: 'How long requests may wait for the process. A request that waits longer gets 503.',
    }),
    retryAfter: duration({ min: '1s', max: '1h' })
      .prefault('2s')
      .meta({ description: 'The `Retry-After` of these answers.' }),
  })
  .prefault({})
  .meta({ description: 'What happens when more requests come than the process can serve. See docs/overload.md.' })

export const server = z
  .strictObject({
    baseUrl: origin({ example: 'https://portal.example.com', httpsUnlessLoopback: true }).meta({
      description: 'The URL people type: scheme, host and port. Plain http is accepted for localhost only.',
      'x-example': 'https://portal.example.com',
      'x-env': 'STAGEDOOR_BASE_URL',
    }),
    prefix: prefix.prefault('/.stagedoor').meta({
      description:
        'Path of Stagedoor’s own endpoints: login, logout, keys, probes. One path segment. With another one, the addresses in Auth0 and Backstage that begin with it change, and `log.requests.quiet` needs its `/health/**`.',
    }),
    listen,
    tls,
    admin,
    workers,
    trustedProxies: z
      .array(networks(), 'a list of networks')
      .transform((lists) => lists.flat())
      .prefault([])
      .meta({
        description:
          'Networks (CIDR) of the proxies in front of Stagedoor; an item may name several, separated by commas. Only they may set forwarded headers; an empty list trusts none. `unix` stands for clients of `listen.path`. ' +
          'Danger: clients in these networks can choose the client address that is recorded.',
        'x-example': ['10.0.0.0/8'],
        'x-env': 'STAGEDOOR_TRUSTED_PROXIES',
        'x-env-default': '',
      }),
    passProxyHeaders: z
      .array(passedHeader, 'a list of header names')
      .prefault([])
      .meta({
        description:
          'Identity headers of other products (`X-MS-Client-Principal`, `Cf-Access-Jwt-Assertion` …) that travel on to upstreams when one of ' +
          '`trustedProxies` sends them; by default all are removed. ' +
          'Danger: a proxy that does not overwrite what clients send under these names lets each of them choose an identity.',
        'x-example': ['Cf-Access-Jwt-Assertion'],
      }),
    reload: z
      .enum(['watch', 'signal'], 'watch or signal')
      .prefault('watch')
      .meta({
        description:
          'When changed files are put in force: `watch` within seconds, and on SIGHUP; `signal` on SIGHUP only. A mistake in ' +
          'them changes nothing. See docs/reload.md.',
      }),
    replicas: wholeNumber({ min: 1, max: 1_000 }).prefault(1).meta({
      description:
        'How many processes serve this baseUrl. It changes nothing: `check` and the start warn of options that work in a single process only.',
    }),
    maxConnections: wholeNumber({ min: 1, max: 1_000_000 }).prefault(20_000).meta({
      description:
        'Open connections of clients, WebSockets included, for each worker; on those beyond it requests get 503, and a sixteenth beyond it new ones are closed.',
    }),
    maxRequests: wholeNumber({ min: 1, max: 1_000_000 }).prefault(30_000).meta({
      description:
        'Requests under way at a time, open event streams included, for each worker; past it the answer is 503.',
    }),
    overload,
    maxHeaderBytes: size({ min: '8KiB', max: '1MiB' })
      .prefault('32KiB')
      .meta({ description: 'Size of the address and all headers of a request together; past it the answer is 431.' }),
    failedAttempts,
    timeouts,
    selfTest: z
      .enum(['off', 'warn', 'refuse'], 'off, warn or refuse')
      .default('off')
      .meta({
        description:
          'Whether Stagedoor tries forged identities on Backstage when it starts: `warn` logs what Backstage accepts, ' +
          '`refuse` then stops the start. When Backstage does not answer, the start continues.',
      }),
  })
  .meta({ description: 'How clients reach Stagedoor.' })
