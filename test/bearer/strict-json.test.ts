import * as fc from 'fast-check'
import t from 'tap'

import { parseStrictJson } from '../../src/bearer/compact.ts'

const parse = (text: string) => parseStrictJson(Buffer.from(text))

const nested = (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)

const refused: [string, string, 'not-json' | 'repeated-member'][] = [
  ['a name twice', '{"a":1,"a":1}', 'repeated-member'],
  ['a name twice, once escaped', String.raw`{"iss":1,"\u0069ss":1}`, 'repeated-member'],
  ['a name twice, deep inside', '{"a":[{"b":{"c":1,"c":2}}]}', 'repeated-member'],
  ['a name twice, the first with members of its own', '{"a":{"b":1,"c":2},"a":1}', 'repeated-member'],
  ['a name twice, the second with a member for the one that is lost', '{"a":1,"a":{"b":2}}', 'repeated-member'],
  ['the name of the prototype twice', '{"__proto__":1,"__proto__":1}', 'repeated-member'],
  ['an empty name twice', '{"":1,"":1}', 'repeated-member'],
  ['objects in objects, 17 deep', nested(17), 'not-json'],
  ['lists in a list, 17 deep', `{"a":${'['.repeat(17)}${']'.repeat(17)}}`, 'not-json'],
  ['a list', '[]', 'not-json'],
  ['null', 'null', 'not-json'],
  ['a byte order mark', '\uFEFF{}', 'not-json'],
  ['more than one value', '{}{}', 'not-json'],
]
for (const [what, text, fault] of refused) {
  t.test(`${what} is refused: ${fault}`, async (t) => void t.equal(parse(text), fault))
}

t.test('bytes that are not UTF-8 are refused', async (t) => {
  t.equal(parseStrictJson(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'not-json')
})

t.test('colons, braces, quotes and backslashes in strings do not count as structure', async (t) => {
  for (const text of ['a:b', '{"a":1,"a":1}', '"', '\\', '\\\\"', '[[[[', '}]}]', '\\":\\"']) {
    t.same(parse(JSON.stringify({ [text]: text, list: [text, { [text]: text }] })), {
      [text]: text,
      list: [text, { [text]: text }],
    })
  }
  t.same(parse(nested(16)), JSON.parse(nested(16)))
  t.same(parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}'))
})

t.test('an object with unique names is read unchanged, and one with a repeated name is refused', async (t) => {
  const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { minKeys: 1 })
  fc.assert(
    fc.property(value, fc.nat(), (object, pick) => {
      const text = JSON.stringify(object)
      const members = Object.entries(object)
      const [name, member] = members[pick % members.length] ?? ['', null]
      const repeated = `{${JSON.stringify(name)}:${JSON.stringify(member)},${text.slice(1)}`
      t.strictSame(parse(text), JSON.parse(text))
      return parse(repeated) === 'repeated-member'
    }),
  )
})
