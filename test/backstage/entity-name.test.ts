import { createHash } from 'node:crypto'

import { assert, oneof, property, string } from 'fast-check'
import t from 'tap'

import { entityNameOf, maxEntityNameLength } from '../../packages/assertion-contract/src/index.ts'
import { sha256Hex } from '../../packages/assertion-contract/src/sha256.ts'

/** Backstage's own rule (catalog-model, KubernetesValidatorFunctions.isValidObjectName). */
const backstageName = /^[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*$/

t.test('an id that is a valid entity name stays unchanged', async (t) => {
  for (const id of ['developer', 'platform-admin', 'team.web', 'a', 'x'.repeat(63)]) t.equal(entityNameOf(id), id)
})

t.test('other ids become a readable slug and a hash, always the same', async (t) => {
  const table = [
    ['auth0|64f1c0ffee0000000000a001', 'auth0-64f1c0ffee0000000000a001-6d14505431c5539bf4a2'],
    ['Platform Admin', 'platform-admin-'],
    ['Zoë', 'zoe-'],
    ['日本', 'id-'],
    ['-', 'id-'],
  ]
  for (const [id = '', prefix = ''] of table) {
    t.equal(entityNameOf(id).startsWith(prefix), true, `${id} → ${entityNameOf(id)}`)
  }
})

t.test('ids that differ only in case, spacing or punctuation get names that differ even without case', async (t) => {
  const ids = ['auth0|abc', 'auth0|ABC', 'auth0-abc', 'auth0 abc', 'AUTH0-ABC', 'auth0--abc', 'auth0-abc-']
  t.equal(new Set(ids.map((id) => entityNameOf(id).toLowerCase())).size, ids.length)
})

t.test('an id chosen to equal the name of another user gets a different name', async (t) => {
  const victim = entityNameOf('auth0|64f1c0ffee0000000000a001')
  t.not(entityNameOf(victim), victim)
})

t.test('an empty id is refused', async (t) => {
  t.throws(() => entityNameOf(''), RangeError)
})

t.test('every id gets a name that Backstage accepts', async () => {
  assert(
    property(oneof(string({ minLength: 1 }), string({ minLength: 1, unit: 'binary' })), (id) => {
      const name = entityNameOf(id)
      return name.length <= maxEntityNameLength && backstageName.test(name)
    }),
  )
})

t.test('the hash is SHA-256', async () => {
  assert(
    property(string({ maxLength: 300, unit: 'grapheme' }), (text) => {
      return sha256Hex(text) === createHash('sha256').update(text).digest('hex')
    }),
  )
})
