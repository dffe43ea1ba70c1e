import t from 'tap'

import { changesBetween } from '../../src/config/changes.ts'
import { least, load } from './support.ts'

const changes = async (t: Parameters<typeof load>[0], text: string, former = '') => {
  const { config: before } = await load(t, { 'a.yaml': least, 'b.yaml': former })
  const { config: after } = await load(t, { 'a.yaml': least, 'b.yaml': text })
  return changesBetween(before, after)
}

t.test('equal configurations have no changes', async (t) => {
  t.same(await changes(t, ''), [])
})

t.test('changed options are named with their values as written in configuration', async (t) => {
  t.same(await changes(t, 'session: { idleTimeout: 45m }\nserver: { maxHeaderBytes: 64KiB }\n'), [
    { option: 'server.maxHeaderBytes', before: '32KiB', after: '64KiB', isSecret: false },
    { option: 'session.idleTimeout', before: '1h', after: '45m', isSecret: false },
  ])
})

t.test('an added or removed option is a change', async (t) => {
  const path = 'server: { listen: { path: /run/a.sock } }\n'
  const option = 'server.listen.path'
  t.same(await changes(t, path), [{ option, before: undefined, after: '/run/a.sock', isSecret: false }])
  t.same(await changes(t, '', path), [{ option, before: '/run/a.sock', after: undefined, isSecret: false }])
})

t.test('secrets are compared and not shown', async (t) => {
  const found = await changes(t, 'session: { secrets: ["another secret of at least 32 characters!"] }\n')
  t.same(found, [{ option: 'session.secrets[0]', before: '[secret]', after: '[another secret]', isSecret: true }])
  const two =
    'session: { secrets: ["another secret of at least 32 characters!", "and a third one of at least 32 chars!!"] }\n'
  t.same((await changes(t, two)).at(-1), {
    option: 'session.secrets[1]',
    before: undefined,
    after: '[secret]',
    isSecret: true,
  })
})

t.test('a list is one option, and rules are compared by name and order', async (t) => {
  const [a, b] = ['{ name: a, path: /a, allow: public }', '{ name: b, path: /b, allow: authenticated }']
  const rules = (...all: string[]) => `routes: [${all.join(', ')}]\n`
  t.same(
    (await changes(t, rules(b, a), rules(a, b))).map(({ option }) => option),
    ['order of routes'],
  )
  const changed = b.replace('authenticated', 'public')
  t.match(await changes(t, rules(a, changed), rules(a, b)), [
    { option: 'routes.b', before: { allow: 'authenticated' } },
  ])
  t.same(
    (await changes(t, rules(a), rules(a, b))).map(({ option, after }) => [option, after]),
    [
      ['routes.b', undefined],
      ['order of routes', ['a']],
    ],
  )
  t.match(await changes(t, 'server: { trustedProxies: [10.0.0.0/8] }\n'), [{ option: 'server.trustedProxies' }])
})

t.test('an option without a value counts as absent', async (t) => {
  const { config } = await load(t, { 'a.yaml': least })
  t.same(changesBetween(config, { ...config, server: { ...config.server, tls: undefined } }), [])
})
