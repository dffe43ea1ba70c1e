import t from 'tap'

import { formatPath } from '../../src/config/tree/tree.ts'
import { least, load } from './support.ts'

const everything = '{ name: all, path: /**, allow: authenticated }'

const rows: [what: string, routes: string[], path: string, fix: RegExp][] = [
  [
    'a rule below one for everything',
    [everything, '{ name: late, path: /x, allow: public }'],
    'routes[1].path',
    /rule all above/,
  ],
  [
    'a rule below a wider tree',
    [
      '{ name: api, path: /api/**, allow: authenticated }',
      '{ name: late, path: /API/admin/**, allow: { roles: [a] } }',
    ],
    'routes[1].path',
    /rule api above/,
  ],
  [
    'a rule below the same one with a slash',
    ['{ name: a, path: /x/, allow: public }', '{ name: b, path: /x, allow: authenticated }'],
    'routes[1].path',
    /rule a above/,
  ],
  [
    'a HEAD rule below a GET rule',
    ['{ name: a, path: /x, methods: [GET], allow: public }', '{ name: b, path: /x, methods: [HEAD], allow: public }'],
    'routes[1].path',
    /rule a above/,
  ],
  [
    'a rule that several above it leave nothing to',
    [
      '{ name: a, path: /x, methods: [GET], allow: public }',
      '{ name: b, path: /x, methods: [POST], allow: public }',
      '{ name: c, path: /x, methods: [POST, GET], allow: public }',
    ],
    'routes[2].path',
    /rules a, b above it together/,
  ],
  [
    'a host with a port below the host without',
    [
      '{ name: a, path: /**, hosts: [h.example], allow: public }',
      '{ name: b, path: /x, hosts: ["h.example:81"], allow: public }',
    ],
    'routes[1].path',
    /rule a above/,
  ],
  [
    'a rule for our own endpoints',
    ['{ name: own, path: /.STAGEDOOR/me, allow: public }'],
    'routes[0].path',
    /rules do not apply to it/,
  ],
  [
    'a rule for the root of our own endpoints',
    ['{ name: own, path: /.stagedoor, allow: public }'],
    'routes[0].path',
    /rules do not apply to it/,
  ],
  ['a path that is refused before', ['{ name: slash, path: /a%2Fb, allow: public }'], 'routes[0].path', /paths: as-is/],
]

for (const [what, routes, path, fix] of rows) {
  t.test(`${what} gives a warning`, async (t) => {
    const { warnings } = await load(t, { 'a.yaml': least, 'b.yaml': `routes: [${routes.join(', ')}]` })
    const [warning] = warnings.filter((one) => one.path.at(-1) === 'path')
    t.match(warning, { fix })
    t.equal(formatPath(warning?.path ?? []), path)
  })
}

const quiet: [what: string, routes: string[]][] = [
  ['a narrower rule first', ['{ name: a, path: /api/admin/**, allow: { roles: [a] } }', everything]],
  [
    'other methods',
    ['{ name: a, path: /x, methods: [GET], allow: public }', '{ name: b, path: /x, allow: authenticated }'],
  ],
  [
    'other hosts',
    [
      '{ name: a, path: /**, hosts: [h.example], allow: authenticated }',
      '{ name: b, path: /**, hosts: [h.example, i.example], allow: authenticated }',
    ],
  ],
  [
    'a host at one port above the host at all',
    [
      '{ name: a, path: /x, hosts: ["h.example:81"], allow: authenticated }',
      '{ name: b, path: /x, hosts: [h.example], allow: authenticated }',
    ],
  ],
  [
    'patterns that overlap',
    ['{ name: a, path: /*/b, allow: authenticated }', '{ name: b, path: /a/*, allow: authenticated }'],
  ],
  ['a namesake of our endpoints', ['{ name: a, path: /.stagedoorx, allow: authenticated }']],
]

for (const [what, routes] of quiet) {
  t.test(`${what}: every rule can be reached, and there is no warning`, async (t) => {
    const { warnings } = await load(t, { 'a.yaml': least, 'b.yaml': `routes: [${routes.join(', ')}]` })
    t.same(warnings, [])
  })
}

t.test('a path with an encoded slash can be reached if the rule allows it', async (t) => {
  const overlay = 'routes: [{ name: a, path: /a%2Fb, allow: authenticated, paths: as-is }]'
  const { warnings } = await load(t, { 'a.yaml': least, 'b.yaml': overlay })
  t.same(
    warnings.map(({ path }) => formatPath(path)),
    ['routes[0].paths'],
  )
})
