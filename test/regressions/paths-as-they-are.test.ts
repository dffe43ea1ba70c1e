import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const routes = [
  { name: 'admin', path: '/files/admin/**', allow: { roles: ['nobody-has-this'] } },
  { name: 'files', path: '/files/**', allow: 'public', paths: 'as-is' },
  { name: 'rest', path: '/**', allow: 'public' },
]

const ask = (url: string, target: string) =>
  exchange(url, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)

t.test('the rules and the upstream get escaped unreserved characters decoded', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  const decoded = [
    ['/docs/%7Euser/', '/docs/~user/'],
    ['/docs/a%2Db?x=%7E', '/docs/a-b?x=%7E'],
    ['/%66iles/x', '/files/x'],
  ] as const
  for (const [sent, seen] of decoded) {
    t.match(await ask(stack.url, sent), /^HTTP\/1.1 200 /, sent)
    t.equal(stack.origin.seen.at(-1)?.url, seen)
  }
  t.match(await ask(stack.url, '/%66iles/%61dmin/x'), /^HTTP\/1.1 401 /, 'the rule sees what the upstream would')
})

const odd = ['/a//b', '/docs/a;v=1', '/docs/50%25ab', '/projects/group%2Fproj', '/a%5Cb']

t.test('other spellings pass with paths: as-is, in the form that the rules saw', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  for (const path of odd) {
    t.match(await ask(stack.url, `/files${path}`), /^HTTP\/1.1 200 /, path)
    t.equal(stack.origin.seen.at(-1)?.url, `/files${path}`)
  }
})

t.test('other spellings get a 400 without as-is; the log names rule and option, the answer does not', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  for (const path of odd) {
    const answer = await ask(stack.url, path)
    t.match(answer, /^HTTP\/1.1 400 /, path)
    t.match(answer, 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL', path)
    t.notMatch(answer, 'as-is', path)
    t.ok(stack.logged.some(({ detail }) => /rule rest: .*paths: as-is/.test(String(detail))))
  }
  t.equal(stack.origin.seen.length, 0)
})

const walkingAround = [
  '/files//admin/x',
  '/files/admin;v=1/x',
  '/files/;/admin/x',
  '/files%2Fadmin%2Fx',
  '/files/%2Fadmin/x',
  '/files/x%2F..%2Fadmin/x',
  '/files/x/..;/admin/x',
  '/files/%61dmin%2Fx',
  '/files/%2561dmin/x',
  '/files%252Fadmin/x',
  '/files/%255Cadmin/x',
  '/files/ADMIN%2fx',
  '/x//../files/admin/x',
  '/files/..%2f..%2fetc',
  '/files/a%00',
  '/files/a\\b',
]

t.test('with as-is, too, no request reaches a path that another rule guards', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  for (const path of walkingAround) t.match(await ask(stack.url, path), /^HTTP\/1.1 40[01] /, path)
  t.equal(stack.origin.seen.length, 0)
})

t.test('our endpoints answer in every equivalent spelling', async (t) => {
  const stack = await startStack(t, {
    config: { routes: [{ name: 'all', path: '/**', allow: 'public', paths: 'as-is' }] },
  })
  t.match(await ask(stack.url, '/%2Estagedoor/health/liv%65'), /^HTTP\/1.1 200 .*"status":"ok"/s)
  for (const path of [
    '/.stagedoor%2Fme',
    '//.stagedoor/me',
    '/.stagedoor;x/me',
    '/.stagedoor//me',
    '/%2Estagedoor%2fme',
  ]) {
    t.match(await ask(stack.url, path), /^HTTP\/1.1 40[04] /, path)
  }
  t.equal(stack.origin.seen.length, 0)
})
