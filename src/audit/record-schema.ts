import { z } from 'zod'

const text = (description: string) => z.string().optional().meta({ description })

/** Every kind of record. */
export const eventNames = [
  'decision',
  'admin-action',
  'login',
  'login-refused',
  'access-refused',
  'step-up',
  'logout',
  'refresh-failed',
  'revocation',
  'key',
  'secret',
  'config',
  'start',
  'stop',
  'checkpoint',
] as const

const head = z.strictObject({
  writer: z.string(),
  seq: z.int().min(1),
  hash: z.string(),
})

const principal = z
  .strictObject({
    kind: z.enum(['user', 'machine', 'backstage', 'anonymous']),
    issuer: text('Who vouches for them.'),
    subject: text('Their id there, for example auth0|64f….'),
    name: text('Their display name, so that a person can read the record; never an e-mail address.'),
    client: text('The client of a machine.'),
    organization: text('The organization they act for.'),
    roles: z.array(z.string()).optional().meta({ description: 'Roles that counted for the decision, 50 at most.' }),
    session: text('Reference to the session; it opens nothing.'),
  })
  .optional()
  .meta({ description: 'Who.' })

/** One record of the audit trail, version 1; `docs/audit-record.schema.json` is generated from it. */
export const auditRecordSchema = z.strictObject({
  v: z.literal(1).meta({ description: 'Version of this form. Members may be added to it; none changes its meaning.' }),
  time: z.iso.datetime({ precision: 3 }).meta({ description: 'When, RFC 3339 in UTC.' }),
  event: z.enum(eventNames).meta({ description: 'What kind of thing happened.' }),
  phase: z.enum(['begun', 'answered']).optional().meta({
    description:
      'Of an admin action: `begun` is written before it is forwarded, `answered` before the client gets the answer. One that was begun and not answered may have been done.',
  }),
  class: text('Which kind of admin action: a class that comes with Stagedoor, or `audit` of the rule.'),
  outcome: z.enum(['allow', 'deny']).meta({ description: 'Whether it was let happen.' }),
  reason: text('Why not: a reason of policy or of an access token, or an error code.'),
  principal,
  method: text('Method of the request.'),
  host: text('Host that the client addressed.'),
  path: text('Canonical path; the query is left out, and what looks like a secret is masked.'),
  rule: text('Name of the rule that decided.'),
  upstream: text('Where the request went.'),
  status: z.int().optional().meta({ description: 'Status of the answer; 499 where the client went away.' }),
  duration_ms: z.number().optional().meta({ description: 'Milliseconds from the head of the request to that answer.' }),
  client_ip: text('Address of the client, behind trusted proxies the one that they report.'),
  request_id: text('X-Request-Id of the request: the same in the answer, the log and at the upstream.'),
  trace_id: text('W3C trace id of the request.'),
  channel: text(
    'Of a revocation: how it reached us (admin, own-session, sign-out-everywhere, back-channel-logout, a type of event).',
  ),
  target: z
    .strictObject({
      session: z.string().optional(),
      sid: z.string().optional(),
      subject: z.string().optional(),
      organization: z.string().optional(),
    })
    .optional()
    .meta({ description: 'Of a revocation: whose sessions ended.' }),
  change: z
    .strictObject({
      what: z.string(),
      action: z.string(),
      id: z.string().optional(),
      jwk: z.record(z.string(), z.string()).optional(),
      options: z.array(z.string()).optional(),
    })
    .optional()
    .meta({
      description:
        'Of key, secret and config: what was changed and how; `options` names options, or the places in files that were refused. Public halves only, never a value.',
    }),
  process: z
    .strictObject({ version: z.string(), pid: z.int(), config: z.string(), key: z.string(), secrets: z.string() })
    .optional()
    .meta({
      description:
        'Of a start: the version, the process, a digest of the configuration without its secrets, and one of the secrets that only who has the audit key can compare.',
    }),
  previous: z
    .array(head)
    .optional()
    .meta({ description: 'Of a start: the last records that other writers left, so that their end is known.' }),
  checkpoint: text('Of a checkpoint: a JWS (ES256) over writer, number, hash and time of the record before it.'),
  writer: z.string().meta({ description: 'The process that wrote it; each has a chain of its own.' }),
  seq: z.int().min(1).meta({ description: 'Number in the chain of the writer, from 1, without gaps.' }),
  prev: z.string().meta({ description: '`hash` of the record before; empty in the first.' }),
  hash: z.string().meta({
    description: 'SHA-256, base64url, of this record without `hash`, in canonical JSON (RFC 8785).',
  }),
})

const { principal: caller, target, change, process } = auditRecordSchema.shape

/**
 * The members that readers check, because the file may have been changed to contain anything. Unknown members, events and kinds of
 * callers are accepted, because a later version may add them.
 */
export const readableRecord = z.looseObject({
  ...auditRecordSchema.shape,
  v: z.number(),
  event: z.string(),
  principal: caller.unwrap().loose().extend({ kind: z.string() }).optional(),
  target: target.unwrap().loose().optional(),
  change: change.unwrap().loose().optional(),
  process: process.unwrap().loose().optional(),
})

type Optional<T> = { [Name in keyof T]: undefined extends T[Name] ? T[Name] | undefined : T[Name] }

/** One entry of the audit trail. */
export type AuditRecord = Optional<z.output<typeof auditRecordSchema>>
