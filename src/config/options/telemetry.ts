import { z } from 'zod'

import { webUrl } from '../values/addresses.ts'
import { ratio } from '../values/quantities.ts'
import { secretText } from '../values/secret.ts'

const header = z.strictObject({
  name: z
    .string('a header name')
    .regex(/^[A-Za-z0-9-]+$/, 'a header name')
    .meta({
      description: 'Name of the header.',
      'x-example': 'Authorization',
    }),
  value: secretText({ minLength: 1, fix: 'write the value, or read it by $file' }).meta({
    description: 'Value of the header.',
    'x-example': { $file: '/etc/stagedoor/otlp-authorization' },
  }),
})

const otlp = z
  .strictObject({
    endpoint: webUrl('write credentials as a header of telemetry.otlp.headers').meta({
      description:
        'Where OTLP is sent over HTTP: spans to `/v1/traces` below this URL, log lines to `/v1/logs`. Danger: `http` sends paths and headers readable.',
      'x-example': 'http://otel-collector:4318',
    }),
    protocol: z.enum(['http/protobuf', 'http/json']).default('http/protobuf').meta({
      description: 'The form in which OTLP is sent. Collectors take both on port 4318.',
    }),
    signals: z
      .array(z.enum(['traces', 'logs']), 'a list of traces and logs')
      .min(1)
      .prefault(['traces'])
      .meta({ description: 'What is sent: spans of requests, the lines of the log, or both.' }),
    headers: z
      .array(header, 'a list of headers')
      .prefault([])
      .meta({
        description: 'Sent with each batch, for example to sign in at the receiver.',
        'x-example': [{ name: 'Authorization', value: { $file: '/etc/stagedoor/otlp-authorization' } }],
      }),
    sampleRatio: ratio().prefault(0.1).meta({
      description:
        'The share of the traces that begin here which is recorded. Where a trusted proxy has begun one, it has decided.',
    }),
  })
  .optional()
  .meta({
    description: 'Traces and log lines for OpenTelemetry. Without this section none are sent.',
    'x-example': { endpoint: 'http://otel-collector:4318' },
  })

export const telemetry = z
  .strictObject({ otlp })
  .prefault({})
  .meta({ description: 'Traces and log lines of requests, sent by OpenTelemetry. See docs/telemetry.md.' })
