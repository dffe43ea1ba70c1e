import * as fc from 'fast-check'
import t from 'tap'

import { canonicalJson, recordJson } from '../../src/audit/record-json.ts'
import { recordOf } from '../../src/audit/record.ts'
import type { RequestFacts } from '../../src/boundary/facts.ts'
import { anonymous, type Principal } from '../../src/identity/principal.ts'
import type { Decision } from '../../src/policy/decision.ts'
import { denyReasons } from '../../src/policy/deny-reasons.ts'
import { decided, epoch, facts, jane, robot } from './support.ts'

// Text that a client or a configuration may contain: quotes, control characters, half a surrogate pair.
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\n', '\u2028', '\ud800', 'code=secret'),
)
const link = fc.record({ writer: text, seq: fc.nat(), prev: fc.base64String() })

const anyFacts: fc.Arbitrary<RequestFacts> = fc
  .record({ requestId: text, traceparent: text, method: text, path: text, host: text, clientIp: text })
  .map((said) => ({ ...facts, ...said }))

const claims = fc.record({ name: fc.option(text, { nil: undefined }), roles: fc.array(text, { maxLength: 60 }) })
const principal: fc.Arbitrary<Principal> = fc.oneof(
  fc.constant(anonymous),
  fc.record({ kind: fc.constant('backstage' as const), issuer: text, subject: text }),
  fc.record({ subject: text, organization: text }).map((said) => ({ ...robot, ...said })),
  fc
    .record({ subject: text, claims })
    .map(({ subject, claims: said }) => ({ ...jane, subject, claims: { ...jane.claims, ...said } }) as Principal),
)

const decision: fc.Arbitrary<Decision> = fc.oneof(
  fc.record({ effect: fc.constant('allow' as const), rule: text, upstream: text }),
  fc.record(
    { effect: fc.constant('deny' as const), reason: fc.constantFrom(...denyReasons), rule: text, label: text },
    { requiredKeys: ['effect', 'reason'] },
  ),
)

const durationMs = fc.integer({ min: 0, max: 1e9 }).map((tenths) => tenths / 10)
const events = fc.record({
  facts: anyFacts,
  principal,
  decision,
  status: fc.integer({ min: 100, max: 599 }),
  durationMs,
})

t.test('the direct form of the record of any decision equals the general form', async (t) => {
  fc.assert(
    fc.property(events, link, (event, at) => {
      const decisionEvent = { event: 'decision', ...event } as const
      t.equal(recordJson(decisionEvent, at, epoch), canonicalJson(recordOf(decisionEvent, at, epoch)))
    }),
  )
})

t.test('a repeated principal is written in the same way', async (t) => {
  const at = { writer: 'w', seq: 1, prev: '' }
  t.equal(recordJson(decided, at, epoch), recordJson(decided, at, epoch))
  t.match(recordJson(decided, at, epoch), '"subject":"auth0|jane"')
})

t.test('a decision without facts or principal, and every other event, has the general form', async (t) => {
  const at = { writer: 'w', seq: 1, prev: '' }
  const { facts: _, ...unasked } = decided
  const { principal: __, ...unknown } = decided
  for (const event of [unasked, unknown, { event: 'stop' } as const]) {
    t.equal(recordJson(event, at, epoch), canonicalJson(recordOf(event, at, epoch)))
  }
})

t.test('canonical JSON has members in the order of their names, at every depth, and no spaces', async (t) => {
  t.equal(canonicalJson({ b: 1, a: [{ d: null, c: 'x y' }], e: undefined }), '{"a":[{"c":"x y","d":null}],"b":1}')
})
