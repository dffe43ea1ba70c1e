import t from 'tap'

import { createChain, hashOf } from '../../src/audit/chain.ts'
import { readCheckpoint, signCheckpoint, statedBy } from '../../src/audit/checkpoint-jws.ts'
import type { AuditEvent, ChainHead } from '../../src/audit/event.ts'
import { canonicalJson } from '../../src/audit/record-json.ts'
import { Verifier } from '../../src/audit/verify-trail.ts'
import { checkpointKey, decided, epoch, faultsOf, jane, trailOf, verdictOn } from './support.ts'

const { lines, checkpoint, key, chain: ended } = trailOf('w', 8)
const keys = [key.publicJwk]
const without = (...indexes: number[]) => lines.filter((_, index) => !indexes.includes(index))
const replaced = (index: number, line: string) => lines.with(index, line)
const swapped = lines.with(4, lines[5] ?? '').with(5, lines[4] ?? '')

t.test('an unchanged trail verifies, even among log lines', async (t) => {
  const logged = lines.flatMap((line) => [
    `{"level":"info","audit":${line},"msg":"audit"}`,
    '{"level":"info","msg":"x"}',
    '',
  ])
  for (const each of [lines, logged]) {
    t.same(verdictOn(each, { keys, checkpoints: [checkpoint] }), {
      records: 11,
      repeats: 0,
      writers: 1,
      checkpoints: 1,
      faults: [],
      notes: [],
    })
  }
})

const edited = (lines[3] ?? '').replace('/catalog', '/nothing')
const table: [what: string, lines: readonly string[], expected: RegExp[]][] = [
  ['a changed record', replaced(3, edited), [/^line 4: record 4 of writer w was changed/]],
  ['a removed record', without(3), [/^line 4: record 4 of writer w is missing before this one/]],
  [
    'several removed records',
    without(3, 4, 6),
    [/records 4 to 5 of writer w are missing/, /record 7 of writer w is missing/],
  ],
  ['the first records removed, of a later file', without(0, 1), []],
  ['two swapped records', swapped, [/^line 6: record 5 of writer w stands behind record 6: their order was changed/]],
  [
    'a trail that was cut',
    lines.slice(0, 6),
    [/^line 6: the trail was cut here: records 7 to 10 of writer w missing, says a checkpoint/],
  ],
  [
    'a last line that was cut',
    [...lines.slice(0, 10), (lines[10] ?? '').slice(0, 50)],
    [/last line is no whole record/],
  ],
  [
    'a line that was cut in the middle',
    replaced(3, (lines[3] ?? '').slice(0, -20)),
    [/line 4: this line is no record/, /record 4 of writer w is missing/],
  ],
  ['a chain without its records', [], [/all of writer w is missing, up to record 10/]],
  ['a repeated record', lines.toSpliced(4, 0, lines[3] ?? ''), []],
  [
    'what is added behind the end',
    [...lines, ended.append(decided, epoch)],
    [/record 12 of writer w comes after the end/],
  ],
]

/** A record of another writer with members of a wrong type and a matching hash. */
function oddRecord(members: object): string {
  const record = { v: 1, writer: 'odd', seq: 1, prev: '', event: 'key', outcome: 'allow', time: epoch, ...members }
  return JSON.stringify({ ...record, hash: hashOf(canonicalJson(record)) })
}

t.test('a record with members of a wrong type is a fault, and the rest is verified', async (t) => {
  const badKey = oddRecord({ change: { what: 'audit', action: 'in-use', id: key.kid, jwk: { kty: 'EC' } } })
  for (const odd of [{ checkpoint: 5 }, { previous: 5 }, { previous: [null] }, { time: 'noon' }, { seq: 0 }]) {
    t.match(verdictOn([oddRecord(odd), ...lines], { keys, checkpoints: [checkpoint] }), {
      records: 11,
      checkpoints: 1,
      faults: [{ place: 'line 1', text: /no record/ }],
    })
  }
  t.match(verdictOn([badKey, ...lines], { keys: [] }), { faults: [{ place: 'line 12', text: /not good/ }] })
})

for (const [what, changed, expected] of table) {
  t.test(`the fault is reported: ${what}`, async (t) => {
    const faults = faultsOf(changed, { keys, checkpoints: [checkpoint] })
    const relevant = faults.filter((fault) => expected.some((pattern) => pattern.test(fault)))
    t.equal(relevant.length, expected.length, faults.join('\n'))
    if (expected.length === 0) t.same(faults, [])
  })
}

t.test('a chain recomputed from a changed record on does not match its signed checkpoint', async (t) => {
  const chain = createChain('w')
  const forged = lines.slice(0, 10).map((line, index) => {
    const { event } = JSON.parse(line)
    if (event !== 'decision') return chain.append({ event: 'stop' }, epoch)
    return chain.append({ ...decided, ...(index === 3 && { status: 500 }) }, epoch)
  })
  const whole = [...forged, chain.append({ event: 'checkpoint', checkpoint }, epoch)]
  t.match(faultsOf(whole, { keys }).join('\n'), /rewritten: the signed checkpoint says otherwise/)
  t.match(
    faultsOf(forged, { keys, checkpoints: [checkpoint] }).join('\n'),
    /record 10 of writer w was rewritten, says a checkpoint/,
  )
})

t.test('a replaced record with a recomputed hash does not match the next record', async (t) => {
  const other = trailOf('w', 8).chain
  const chain = createChain('w')
  chain.append({ event: 'stop' }, epoch)
  chain.append(decided, epoch)
  const fake = chain.append({ ...decided, status: 418 } as never, epoch)
  t.equal(other.head().seq, 11)
  t.match(
    faultsOf(replaced(2, fake), { keys }).join('\n'),
    /record 4 of writer w does not follow.*record 3 of writer w was replaced/,
  )
  t.match(
    faultsOf(lines.toSpliced(8, 0, fake), { keys }).join('\n'),
    /record 3 of writer w comes a second time, and differs/,
  )
})

t.test('a checkpoint that a full disk has cut counts as missing, not as forged', async (t) => {
  t.match(verdictOn(lines, { keys, checkpoints: [checkpoint.slice(0, -20)] }), {
    faults: { length: 0 },
    notes: [/lack 1 of those in it/],
  })
})

t.test('only checkpoints under trusted keys count', async (t) => {
  const stranger = checkpointKey()
  t.match(faultsOf(lines, { keys: [stranger.publicJwk] }).join('\n'), /signed by .*, which is no trusted key/)
  t.match(
    faultsOf(lines, { keys: [{ ...stranger.publicJwk, kid: key.kid }] }).join('\n'),
    /signature of this checkpoint is not good/,
  )
  const beside = { keys: [{ ...stranger.publicJwk, kid: key.kid }], checkpoints: [checkpoint] }
  t.match(faultsOf([], beside).join('\n'), /signature of a checkpoint kept beside is not good/)
  t.match(faultsOf([], { keys: [stranger.publicJwk], checkpoints: [checkpoint] }).join('\n'), /no trusted key/)
  const { kid, ...nameless } = key.publicJwk
  t.same(faultsOf(lines, { keys: [nameless] }), [`keys: checkpoints are signed by ${kid}, which is no trusted key`])
})

t.test('without trusted keys the keys of the trail count, and the verdict says so', async (t) => {
  const chain = createChain('x')
  const change = { what: 'audit', action: 'in-use', id: key.kid, jwk: key.publicJwk }
  const named = [chain.append({ event: 'key', change }, epoch)]
  const signed = signCheckpoint({ ...chain.head(), at: epoch }, key)
  named.push(chain.append({ event: 'checkpoint', checkpoint: signed }, epoch))
  const verdict = verdictOn(named)
  t.same(verdict.faults, [])
  t.match(verdict.notes.join('\n'), /keys that the trail names itself/)
  t.match(verdict.notes.join('\n'), /writer x did not end in order after record 2/)
})

t.test('a checkpoint of another writer proves nothing', async (t) => {
  const chain = createChain('x')
  t.match(
    faultsOf([chain.append({ event: 'checkpoint', checkpoint }, epoch)], { keys }).join('\n'),
    /belongs to writer w/,
  )
})

const later = '1970-01-01T02:00:00.001Z'
const saidOf = (...given: Parameters<typeof verdictOn>) => {
  const { faults, notes } = verdictOn(...given)
  return [...faults.map(({ place, text }) => `${place}: ${text}`), ...notes]
}
const unsigned = (number: number, writer = 'x') =>
  new RegExp(
    `^no signature covers records 1 to ${number} of writer ${writer}: whoever can write the file .*next checkpoint covers it$`,
  )

t.test('records without a signature are reported, and more than two hours of them are a fault', async (t) => {
  const chain = createChain('x')
  const short = [chain.append(decided, epoch), chain.append(decided, '1970-01-01T02:00:00.000Z')]
  t.same(faultsOf(short, { keys }), [])
  t.match(verdictOn(short, { keys }).notes, [/did not end in order/, unsigned(2)])
  const long = [...short, chain.append({ event: 'stop' }, later)]
  t.match(saidOf(long, { keys }), [/^line 3: no signature covers records 1 to 3 of writer x/])
  const over = (seq: number, hash: string) => signCheckpoint({ writer: 'x', seq, hash, at: later }, key)
  const signed = over(3, chain.head().hash)
  t.same(saidOf(long, { keys, checkpoints: [signed] }), [], 'one elsewhere covers them')
  const all = [...long, chain.append({ event: 'checkpoint', checkpoint: signed }, later)]
  t.same(saidOf(all, { keys }), [], 'one in the trail does')
  const partly = over(2, JSON.parse(short[1] ?? '').hash)
  t.match(faultsOf(long, { keys, checkpoints: [partly] }).join('\n'), /no signature covers/, 'an earlier one does not')
  t.match(faultsOf(all, { keys: [checkpointKey().publicJwk] }).join('\n'), /no signature covers/, 'nor a stranger’s')
})

t.test('a signed start covers the records of other writers that it names', async (t) => {
  const [first, second, third] = [createChain('x'), createChain('y'), createChain('z')]
  const process = { config: 'c', key: 'k', pid: 1, secrets: 's', version: '0' }
  const startAfter = (head: ChainHead): AuditEvent => ({ event: 'start', process, previous: [head] })
  const trail = [first.append(decided, epoch), first.append(decided, epoch)]
  trail.push(second.append(startAfter(first.head()), epoch))
  trail.push(third.append(startAfter(second.head()), epoch))
  const uncovered = () => verdictOn(trail, { keys }).notes.filter((note) => note.startsWith('no signature'))
  t.equal(uncovered().length, 3)
  const checkpoint = signCheckpoint({ ...third.head(), at: epoch }, key)
  trail.push(third.append({ event: 'checkpoint', checkpoint }, epoch))
  t.same(uncovered(), [])
  trail.push(third.append(decided, epoch))
  t.match(uncovered(), [/^no signature covers record 3 of writer z/])
})

t.test('a signed checkpoint that was moved to an earlier place is found', async (t) => {
  const chain = createChain('w')
  const moved = [chain.append(decided, epoch), chain.append({ event: 'checkpoint', checkpoint }, epoch)]
  t.match(
    faultsOf(moved, { keys }).join('\n'),
    /line 2: this checkpoint names record 10 of writer w, which does not come before/,
  )
})

t.test('checkpoints missing beside the trail are counted', async (t) => {
  t.match(saidOf(lines, { keys, checkpoints: [] }), [/^the checkpoints.* beside the trail lack 1 of those in it/])
})

t.test('a clock that was set back is reported if the times of a writer show it', async (t) => {
  const chain = createChain('x')
  const times = ['1970-01-01T01:00:05.000Z', '1970-01-01T01:00:00.000Z', epoch]
  const notes = verdictOn(times.map((time) => chain.append(decided, time))).notes
  t.match(
    notes.filter((note) => note.includes('clock')),
    [/^line 3: the clock was set back before record 3 of writer x, from 1970-01-01T01:00:00.000Z to 1970-01-01T00/],
  )
})

t.test('a later start covers the last records of other writers', async (t) => {
  const killed = createChain('killed')
  const before = [killed.append(decided, epoch), killed.append(decided, epoch)]
  const after = createChain('after')
  const process = { config: 'c', key: 'k', pid: 1, secrets: 's', version: '0' }
  const start = after.append({ event: 'start', process, previous: [killed.head()] }, epoch)
  t.same(faultsOf([...before, start]), [])
  t.match(
    faultsOf([before[0] ?? '', start]).join('\n'),
    /cut here: record 2 of writer killed missing, says the start of writer after/,
  )
  const alone = verdictOn([start])
  t.same(alone.faults, [], 'it may be from before these files')
  t.match(
    alone.notes.at(-1),
    /^nothing of writer killed is in these files; it wrote 2 records at least, says the start of writer after$/,
  )
  const verifier = new Verifier({ keys: [] })
  verifier.line(start, 'b:1', false)
  t.match(JSON.stringify(verifier.end().faults), /all of writer killed is missing/)
  const old = signCheckpoint({ writer: 'gone', seq: 1, hash: 'h', at: '1969-01-01T00:00:00.000Z' }, key)
  t.same(faultsOf(lines, { keys, checkpoints: [old] }), [], 'rotation removed what this speaks of')
})

t.test('an incomplete record of a killed process is no fault if it cannot be a change', async (t) => {
  const killed = createChain('killed')
  const first = killed.append(decided, epoch)
  const unfinished = killed.append(decided, epoch)
  const half = unfinished.slice(0, -20)
  const next = createChain('next')
  const process = { config: 'c', key: 'k', pid: 1, secrets: 's', version: '0' }
  const start = next.append({ event: 'start', process, previous: [] }, epoch)
  const other = createChain('other').append(decided, epoch)
  t.same(faultsOf([first, half, start]), [], 'it started anew')
  t.same(faultsOf([first, half, unfinished]), [], 'the disk was full, and the record came again')
  const principal = { ...jane, claims: { ...jane.claims, name: 'Jürgen' } }
  const named = killed.append({ event: 'login', principal }, epoch)
  const bytes = Buffer.from(named)
  const inMidst = bytes.subarray(0, bytes.indexOf('ü') + 1).toString()
  t.same(faultsOf([first, unfinished, inMidst, named]), [], 'in the midst of a character')
  t.same(faultsOf([first, half + other]), [], 'another process wrote on')
  t.match(faultsOf([first, half, other]).join('\n'), /line 2: this line is no record/)
  t.match(faultsOf([first, half, half]).join('\n'), /line 2: this line is no record.*\n.*last line is no whole record/)
  t.match(faultsOf([first, '"text"', '[]']).join('\n'), /no record/)
  for (const part of [{}, { v: 1 }, { v: 1, writer: 'killed' }, { v: 1, writer: 'killed', seq: 2 }]) {
    t.match(faultsOf([first, JSON.stringify(part), other]).join('\n'), /line 2: this line is no record/)
  }
})

t.test('the oldest file may start in the middle of a chain, a later one may not', async (t) => {
  const late = without(0, 1)
  t.match(verdictOn(late, { keys }).notes.join('\n'), /begins with record 3; what was before is not in these files/)
  const verifier = new Verifier({ keys })
  verifier.line(trailOf('v', 1).lines[0] ?? '', 'a:1')
  for (const line of late) verifier.line(line, 'b:1', false)
  t.match(JSON.stringify(verifier.end().faults), /records 1 to 2 of writer w are missing before this one/)
  const one = new Verifier({ keys })
  one.line(lines[1] ?? '', 'b:1', false)
  t.match(JSON.stringify(one.end().faults), /record 1 of writer w is missing before this one/)
  const idle = (at: string, by = key) => {
    const files = new Verifier({ keys, checkpoints: [signCheckpoint({ writer: 'w', seq: 1, hash: 'x', at }, by)] })
    files.line(trailOf('v', 1).lines[0] ?? '', 'a:1')
    for (const line of late) files.line(line, 'b:1', false)
    const { faults, notes } = files.end()
    return faults.length === 0 ? notes.join() : faults.map(({ text }) => text).join()
  }
  const before = '1969-12-31T00:00:00.000Z'
  t.match(idle(before), /writer w begins with record 3/, 'it was idle for as long as the oldest file was written')
  t.match(idle(epoch), /^records 1 to 2 of writer w are missing before this one/, 'what it wrote then should be there')
  t.match(
    idle(before, checkpointKey()),
    /records 1 to 2 of writer w are missing/,
    'a stranger’s checkpoint says nothing',
  )
  const older = { seq: 1, writer: 'w', hash: 'x', at: epoch }
  t.same(faultsOf(late, { keys, checkpoints: [signCheckpoint(older, key)] }), [], 'nothing is said of what is gone')
})

t.test('a first record that names one before it is found', async (t) => {
  const record = JSON.parse(lines[0] ?? '')
  t.match(faultsOf([JSON.stringify({ ...record, prev: 'x' })]).join('\n'), /names a record before it/)
})

t.test('the verifier remembers only as many records as a sender may repeat', async (t) => {
  const chain = createChain('long')
  const long = Array.from({ length: 20_005 }, () => chain.append({ event: 'logout' }, epoch))
  const { repeats, faults } = verdictOn([...long, long[20_000] ?? ''])
  t.same({ repeats, faults }, { repeats: 1, faults: [] })
  t.match(faultsOf([...long, long[0] ?? '']).join('\n'), /record 1 of writer long comes a second time/)
})

t.test('the statement of a checkpoint can be read without its key', async (t) => {
  t.match(statedBy(checkpoint), { writer: 'w', seq: 10 })
  t.equal(statedBy('no JWS'), undefined)
})

t.test('an invalid checkpoint is refused', async (t) => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = { alg: 'ES256', kid: 'k', typ: 'stagedoor-audit+jwt' }
  const said = { writer: 'w', seq: 1, hash: 'h', at: epoch }
  for (const jws of [
    '',
    'a.b.c',
    `${part(null)}.${part(said)}.x`,
    `${part({ ...head, alg: 'none' })}.${part(said)}.`,
    `${part(head)}.${part({ ...said, seq: '1' })}.x`,
    `${part(head)}.${part({ ...said, at: 1 })}.x`,
  ]) {
    t.same(
      readCheckpoint(jws, () => key.publicJwk),
      { kind: 'forged' },
    )
  }
})
