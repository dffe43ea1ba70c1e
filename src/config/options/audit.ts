import { z } from 'zod'

import { webUrl } from '../values/addresses.ts'
import { always, duration, size, wholeNumber } from '../values/quantities.ts'
import { certificates, pemKey, secretText } from '../values/secret.ts'

const onFailure = (preset: 'block' | 'continue') =>
  z.enum(['block', 'continue']).default(preset).meta({
    description:
      'While this sink does not take records: `block` refuses admin actions with 503, `continue` lets them happen. Danger: `continue` may leave actions without a record.',
  })

const file = z
  .strictObject({
    path: z.string('a path').min(1).meta({
      description:
        'The file, with mode 0600; processes may share it. Signed checkpoints go to the same name with `.checkpoints`.',
      'x-example': '/var/lib/stagedoor/audit.jsonl',
    }),
    onFailure: onFailure('block'),
    fsync: z.enum(['always', 'second', 'never']).default('second').meta({
      description:
        'When the disk has to have a record: `always` before anything goes on, `second` within a second. This is for a machine that loses power; of a process that is killed all that was written is there.',
    }),
    maxSize: size({ min: '64KiB', max: '1GiB' })
      .prefault('100MiB')
      .meta({ description: 'A file that has grown to this is moved aside, with the time in its name.' }),
    keep: wholeNumber({ min: 1, max: 10_000 })
      .prefault(30)
      .meta({ description: 'How many files that were moved aside are kept; the oldest goes.' }),
  })
  .optional()
  .meta({
    description: 'Records go to a file, one JSON line each.',
    'x-example': { path: '/var/lib/stagedoor/audit.jsonl' },
  })

const keyAlone = {
  ...always,
  path: ['cert'],
  message: 'cert and key, or neither',
  params: { fix: 'add the missing one: a client certificate needs both' },
}

const tlsOverTcp = {
  ...always,
  path: ['protocol'],
  message: 'tls, because ca, cert or key is set',
  params: { fix: 'write protocol: tls, or remove them: tcp uses none' },
}

const syslog = z
  .strictObject({
    host: z
      .string('a host')
      .min(1)
      .meta({ description: 'Name or address of the server.', 'x-example': 'syslog.internal' }),
    port: wholeNumber({ min: 1, max: 65_535 }).prefault(6514).meta({ description: 'Port of the server.' }),
    protocol: z.enum(['tls', 'tcp']).default('tls').meta({
      description:
        'TLS (RFC 5425), or plain TCP. Danger: `tcp` sends records readable and lets anybody on the way change them.',
    }),
    ca: certificates()
      .optional()
      .meta({
        description: 'Certificates that vouch for the server; without them the public ones do.',
        'x-example': { $file: '/etc/stagedoor/tls/ca.pem' },
      }),
    cert: certificates()
      .optional()
      .meta({
        description: 'Our certificate, where the server asks for one.',
        'x-example': { $file: '/etc/stagedoor/tls/client.pem' },
      }),
    key: pemKey()
      .optional()
      .meta({ description: 'The key of `cert`.', 'x-example': { $file: '/etc/stagedoor/tls/client.key' } }),
    onFailure: onFailure('continue'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), keyAlone)
  .refine(
    ({ protocol, ca, cert, key }) => protocol === 'tls' || [ca, cert, key].every((one) => one === undefined),
    tlsOverTcp,
  )
  .optional()
  .meta({ description: 'Records go to a syslog server (RFC 5424).', 'x-example': { host: 'syslog.internal' } })

const http = z
  .strictObject({
    url: webUrl('write credentials as token: { $file: … }').meta({
      description:
        'Where batches of JSON lines are sent by POST. Danger: `http` sends records and token readable, and lets anybody on the way change them.',
      'x-example': 'https://siem.example.com/ingest',
    }),
    token: secretText({ minLength: 8, fix: 'write the token, or read it by $file' })
      .optional()
      .meta({ description: 'Sent as `Authorization: Bearer`.' }),
    queue: z.string('a path').min(1).meta({
      description: 'Folder in which records wait until the receiver has them; of this gateway alone.',
      'x-example': '/var/lib/stagedoor/audit-queue',
    }),
    maxQueue: size({ min: '1MiB', max: '100GiB' })
      .prefault('1GiB')
      .meta({ description: 'How much may wait; then the sink fails.' }),
    maxBatch: wholeNumber({ min: 1, max: 10_000 }).prefault(500).meta({ description: 'Records of one batch at most.' }),
    gather: duration({ min: '10ms', max: '1m' })
      .prefault('1s')
      .meta({ description: 'How long records are gathered before they are sent.' }),
    timeout: duration({ min: '100ms', max: '1m' })
      .prefault('10s')
      .meta({ description: 'How long the receiver may take.' }),
    onFailure: onFailure('block'),
  })
  .optional()
  .meta({
    description: 'Records go to an HTTP receiver, at least once, from a queue on disk.',
    'x-example': { url: 'https://siem.example.com/ingest', queue: '/var/lib/stagedoor/audit-queue' },
  })

const sink = z
  .strictObject({
    stdout: z
      .strictObject({})
      .optional()
      .meta({ description: 'Records go to standard output, among the log lines.', 'x-example': {} }),
    file,
    syslog,
    http,
  })
  .refine((entry) => Object.keys(entry).length === 1, {
    message: 'one of: stdout, file, syslog, http',
    params: { fix: 'write each sink as an entry of its own: - stdout: {}' },
  })

const keys = z
  .strictObject({
    store: z.enum(['memory', 'file', 'redis']).default('memory').meta({
      description:
        'Where the keys are kept: `memory` makes new ones at each start, `file` keeps them, and beside them (`.public`) all public halves that ever were; `redis` shares both among all processes through `session.redis`.',
    }),
    path: z.string('a path').min(1).optional().meta({
      description: 'The file for `store: file`; another than that of other keys.',
      'x-example': '/var/lib/stagedoor/audit-keys.json',
    }),
    rotateEvery: duration({ min: '1h', max: '90d' })
      .prefault('90d')
      .meta({ description: 'How often a new key takes over.' }),
  })
  .prefault({})
  .meta({ description: 'The keys that sign checkpoints of the trail (ES256); never those of assertions.' })

export const audit = z
  .strictObject({
    sinks: z
      .array(sink, 'a list of sinks')
      .prefault([{ stdout: {} }])
      .meta({
        description: 'Where the records of the audit trail go: each entry has one of stdout, file, syslog, http.',
      }),
    keys,
    checkpointEvery: duration({ min: '1s', max: '1h' })
      .prefault('1m')
      .meta({ description: 'How often the trail is signed while records come; every 1000 records in any case.' }),
  })
  .prefault({})
  .meta({
    description: 'The audit trail: who did what, in a chain that shows what was changed in it. See docs/audit.md.',
  })
