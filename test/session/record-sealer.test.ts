import { randomBytes } from 'node:crypto'

import t from 'tap'

import { createRecordSealer } from '../../src/session/record-sealer.ts'
import { newReference, parseReference } from '../../src/session/record-sealer.ts'
import { sessionOf } from '../support/sessions.ts'

const secret = 'a secret for tests, at least 32 characters'
const sealer = createRecordSealer([secret])
const session = sessionOf()
const reference = parseReference(newReference(session.id, randomBytes)) ?? { sessionId: '', key: '' }

t.test('a record opens only with our secret and the cookie together, and reveals nothing by itself', async (t) => {
  const record = await sealer.seal(session, reference)
  t.same(await sealer.open(record, reference), { session, needsRewrite: false })
  for (const word of [session.subject, session.id, String(session.refreshToken), secret]) t.notMatch(record, word)
  t.not(await sealer.seal(session, reference), record, 'no two records are alike')
})

t.test('the same record does not open with another cookie, secret or session', async (t) => {
  const record = await sealer.seal(session, reference)
  const key = randomBytes(32).toString('base64url')
  t.equal(await sealer.open(record, { ...reference, key }), undefined)
  t.equal(await sealer.open(record, { ...reference, sessionId: 'another-session-id' }), undefined)
  const other = createRecordSealer(['another secret, of at least 32 characters'])
  t.equal(await other.open(record, reference), undefined)
  t.equal(await sealer.open(await sealer.seal(sessionOf(), reference), reference), undefined)
})

t.test('a changed, truncated or foreign record does not open', async (t) => {
  const record = await sealer.seal(session, reference)
  const parts = record.split('.')
  const [name = '', , , ciphertext = ''] = parts
  const flipped = Buffer.from(ciphertext, 'base64url')
  flipped.writeUInt8(flipped.readUInt8(40) ^ 1, 40)
  const bad = [
    '',
    'x',
    name,
    `${name}.`,
    `${name}.AAAA`,
    record.slice(0, -8),
    parts.with(3, flipped.toString('base64url')).join('.'),
  ]
  for (const text of bad) t.equal(await sealer.open(text, reference), undefined, text.slice(0, 20))
})

t.test('the first secret seals, all secrets open, and a record under an older one is resealed', async (t) => {
  const rotating = createRecordSealer(['a newer secret of 32 characters or more', secret])
  t.same(await rotating.open(await sealer.seal(session, reference), reference), { session, needsRewrite: true })
  t.same(await rotating.open(await rotating.seal(session, reference), reference), { session, needsRewrite: false })
})

t.test('a reference is an id and 256 random bits, and any other value is refused', async (t) => {
  t.equal(Buffer.from(reference.key, 'base64url').length, 32)
  t.equal(reference.sessionId, session.id)
  const value = `${reference.sessionId}.${reference.key}`
  for (const bad of [
    '',
    value.slice(0, -1),
    `${value}a`,
    `${value}.`,
    value.replace('.', ''),
    ` ${value}`,
    `é${value}`,
  ]) {
    t.equal(parseReference(bad), undefined, bad)
  }
})
