import t from 'tap'

import { createChain, hashOf } from '../../src/audit/chain.ts'
import { signCheckpoint } from '../../src/audit/checkpoint-jws.ts'
import type { AuditEvent, ChainHead } from '../../src/audit/event.ts'
import { canonicalJson } from '../../src/audit/record-json.ts'
import { decided, epoch, faultsOf, trailOf, verdictOn } from './support.ts'

// Trails written by an attacker with the file and without the key. Each once passed or crashed `stagedoor audit verify`.
const { lines, checkpoint, key } = trailOf('w', 8)
const trusted = { keys: [key.publicJwk], checkpoints: [checkpoint] }
const wholeDay = '1970-01-02T00:00:00.000Z'

t.test('a record with the number 0 is in no chain', async (t) => {
  const { hash: _, ...record } = JSON.parse(lines[2] ?? '')
  const forged = { ...record, seq: 0, prev: '' }
  const line = JSON.stringify({ ...forged, hash: hashOf(canonicalJson(forged)) })
  t.match(faultsOf([line, ...lines], trusted), [/^line 1: this line is no record/])
})

t.test('a signature covers nothing if the record that it names has another hash', async (t) => {
  const chain = createChain('w')
  const forged = [chain.append({ ...decided, status: 299 } as AuditEvent, epoch)]
  while (forged.length < 9) forged.push(chain.append(decided, epoch))
  forged.push(chain.append({ event: 'stop' }, wholeDay))
  // More than the verifier remembers, so that it forgets the tenth record, which the genuine checkpoint names.
  const filler = { event: 'checkpoint' } as AuditEvent
  for (let i = 0; i < 20_001; i += 1) forged.push(chain.append(filler, wholeDay))
  forged.push(chain.append({ event: 'checkpoint', checkpoint }, wholeDay))
  t.match(faultsOf(forged, trusted), [/no signature covers records 1 to 20011 of writer w/])
})

t.test('more than two hours without a signature are a fault, even if the last record has a false time', async (t) => {
  const chain = createChain('w')
  const times = [epoch, wholeDay, epoch]
  const forged = times.map((time) => chain.append(decided, time))
  t.match(faultsOf(forged, trusted).join('\n'), /no signature covers records 1 to 3 of writer w/)
})

const process = { config: 'c', key: 'k', pid: 1, secrets: 's', version: '0' }
const startAfter = (head: ChainHead): AuditEvent => ({ event: 'start', process, previous: [head] })

t.test('a later start cannot revoke what a signed start states of a record', async (t) => {
  const [genuine, forged, next, another] = ['x', 'x', 'y', 'z'].map((writer) => createChain(writer)) as [
    Chain,
    Chain,
    Chain,
    Chain,
  ]
  genuine.append(decided, epoch)
  const trail = [forged.append({ ...decided, status: 204 } as AuditEvent, epoch)]
  trail.push(next.append(startAfter(genuine.head()), epoch))
  const signed = signCheckpoint({ ...next.head(), at: epoch }, key)
  trail.push(next.append({ event: 'checkpoint', checkpoint: signed }, epoch))
  trail.push(another.append(startAfter(forged.head()), epoch))
  t.match(faultsOf(trail, trusted).join('\n'), /record 1 of writer x was rewritten, says the start of writer y/)
})

t.test(
  'a first record with a future time does not hide a missing writer whose checkpoint is kept elsewhere',
  async (t) => {
    const forged = createChain('forged').append(decided, '1971-01-01T00:00:00.000Z')
    const others = trailOf('other', 1, key)
    const checkpoints = [checkpoint, others.checkpoint]
    t.match(faultsOf([forged, ...others.lines], { ...trusted, checkpoints }), [/all of writer w is missing/])
  },
)

t.test('a changed or deeply nested start is reported, and verification goes on', async (t) => {
  const [start = '', ...rest] = lines
  for (const previous of [5, [null]]) {
    const changed = JSON.stringify({ ...JSON.parse(start), previous })
    t.match(faultsOf([changed, ...rest], trusted)[0], /^line 1: this line is no record/)
  }
  const nested = `${start.slice(0, -1)},"more":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
  t.match(faultsOf([nested, ...rest], trusted), [/^line 1: record 1 of writer w was changed/])
})

t.test('a genuine trail verifies even with members that a later version adds', async (t) => {
  const chain = createChain('w')
  const added = { ...decided, event: 'of-tomorrow' } as unknown as AuditEvent
  const { hash: _, ...record } = JSON.parse(chain.append(added, epoch))
  const more = { ...record, more: { a: 1 }, principal: { ...record.principal, kind: 'agent', more: 1 } }
  const line = JSON.stringify({ ...more, hash: hashOf(canonicalJson(more)) })
  t.match(verdictOn([line]), { records: 1, faults: { length: 0 } })
})

type Chain = ReturnType<typeof createChain>
