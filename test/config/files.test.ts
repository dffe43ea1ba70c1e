import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { loadConfig } from '../../src/config/load.ts'
import { parseYaml } from '../../src/config/tree/parse-yaml.ts'
import { explain } from '../../src/config/tree/texts.ts'
import { sourceAt, valueAt } from '../../src/config/tree/tree.ts'
import { folderWith, least, load, place, problemsFrom, problemsIn } from './support.ts'

t.test('later files override earlier ones: maps merge, lists and values replace', async (t) => {
  const { config } = await load(t, {
    'a.yaml': least,
    'b.yaml': 'session: { idleTimeout: 2h, refreshEvery: 5m }\nauth0: { scopes: [openid, email, offline_access] }',
    'c.yaml': 'session: { idleTimeout: 3h }\nauth0: { scopes: [openid, offline_access] }',
  })
  t.equal(config.session.idleTimeout, 10_800_000)
  t.equal(config.session.refreshEvery, 300_000)
  t.same(config.auth0.scopes, ['openid', 'offline_access'])
})

t.test('a problem names the file whose value is in effect', async (t) => {
  const problems = await problemsIn(t, {
    'a.yaml': least,
    'b.yaml': 'session: { idleTimeout: wrong }',
    'c.yaml': '\nsession:\n  idleTimeout: worse\n',
  })
  t.same(problems.map(place), ['c.yaml:3 session.idleTimeout'])
})

t.test('a secret is read from its file without trailing newlines, and its source is recorded', async (t) => {
  const secret = 'x'.repeat(40)
  const folder = await folderWith(t, {
    'a.yaml': least.replace('[0123456789abcdef0123456789abcdef]', '[{ $file: one }, { $file: "${NAME}" }]'),
    one: `${secret}\n`,
    two: `${secret}\n\r\n`,
  })
  const { config, origins } = await loadConfig({
    files: [join(folder, 'a.yaml')],
    env: { NAME: join(folder, 'two') },
  })
  t.same(
    config.session.secrets.map((one) => one.reveal()),
    [secret, secret],
  )
  for (const [i, name] of ['one', 'two'].entries()) {
    t.equal(origins.get(`session.secrets[${i}]`), `${join(folder, 'a.yaml')}:4, file ${join(folder, name)}`)
  }
})

const secretMistakes: [string, string, RegExp, RegExp][] = [
  ['a file that is not there', '{ $file: nowhere }', /nowhere: no such file/, /mounted/],
  ['a folder', '{ $file: . }', /is a directory/, /regular file/],
  ['an empty file', '{ $file: empty }', /which is empty/, /write the secret/],
  ['no path', '{ $file: }', /without a path/, /\$file: \/run/],
  ['a list as path', '{ $file: [a] }', /without a path/, /\$file: \/run/],
  ['a value beside the file', '{ $file: empty, value: x }', /\$file, value/, /remove the other/],
]
for (const [what, written, found, fix] of secretMistakes) {
  t.test(`a secret from ${what} is refused`, async (t) => {
    const overlay = `auth0: { clientSecrets: [${written}] }`
    const folder = await folderWith(t, { 'a.yaml': least, 'b.yaml': overlay, empty: '\n' })
    const files = ['a.yaml', 'b.yaml'].map((name) => join(folder, name))
    t.match(await problemsFrom(files), [{ path: ['auth0', 'clientSecrets', 0], found, fix }])
  })
}

t.test('the problem of a file without read permission names the user who needs it', async (t) => {
  const denied: NodeJS.ErrnoException = Object.assign(new Error('no'), { code: 'EACCES' })
  t.same(explain(denied), { reason: 'permission denied', fix: 'make it readable for the user that runs stagedoor' })
  t.match(explain(new Error('odd')), { reason: 'odd' })
})

t.test('a secret file replaces a mapped secret as a whole', async (t) => {
  const folder = await folderWith(t, {
    'a.yaml': least,
    'b.yaml': 'session: { redis: { url: { $file: url } } }',
    'c.yaml': 'session: { redis: { url: redis://b } }',
  })
  const files = ['a.yaml', 'b.yaml', 'c.yaml'].map((name) => join(folder, name))
  const { config } = await loadConfig({ files, env: {} })
  t.equal(config.session.redis?.url?.reveal(), 'redis://b')
})

t.test('a missing configuration file is the only problem', async (t) => {
  const folder = await folderWith(t, { 'a.yaml': 'zebra: 1' })
  const files = [join(folder, 'a.yaml'), join(folder, 'nowhere.yaml')]
  t.match(await problemsFrom(files), [{ found: 'no such file', source: { file: files[1], line: 1 } }])
})

const syntax: [string, string, string, RegExp][] = [
  ['a tab', 'server:\n\tbaseUrl: x', 'a.yaml:2', /spaces/],
  ['a key twice', 'log:\n  level: info\n  level: warn', 'a.yaml:3', /remove one of the two/],
  ['a variable without quotes inside braces', 'server: { baseUrl: ${BASE} }', 'a.yaml:1', /quotes around it/],
  ['two colons on a line', 'log: level: info', 'a.yaml:1', /colon and a space/],
  ['a bracket left open', 'routes: [', 'a.yaml:1', /close the \[ of line 1/],
]
for (const [what, text, where, fix] of syntax) {
  t.test(`${what} is reported once, with its line`, async (t) => {
    const problems = await problemsIn(t, { 'a.yaml': text })
    t.same(problems.map(place), [where])
    t.match(problems[0], { expected: 'valid YAML', fix })
  })
}

const empties: [string, string][] = [
  ['an empty file', ''],
  ['a file of comments', '# nothing\n'],
  ['an explicit nothing', '~\n'],
]
for (const [what, text] of empties) {
  t.test(`${what} changes nothing`, async (t) => {
    t.equal(parseYaml('a.yaml', text).tree.kind, 'map')
    t.same(parseYaml('a.yaml', text).problems, [])
    await t.resolves(load(t, { 'a.yaml': least, 'b.yaml': text }))
  })
}

t.test('an alias is refused', async (t) => {
  const problems = await problemsIn(t, { 'a.yaml': 'a: &names [x]\nb: *names\n' })
  t.match(problems, [{ found: 'the alias *names', source: { line: 2 }, fix: /write the value out/ }])
})

t.test('a key without a value in braces has no value', async (t) => {
  const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': 'server: { baseUrl }' })
  t.match(problems, [{ path: ['server', 'baseUrl'], found: 'nothing' }])
})

t.test('a file with only a word is refused', async (t) => {
  t.match(await problemsIn(t, { 'a.yaml': 'hello' }), [{ expected: 'the options of Stagedoor' }])
  t.match(await problemsIn(t, { 'a.yaml': '${NOWHERE:-}' }), [{ expected: 'the options of Stagedoor' }])
})

t.test('a secret file replaces a secret file of an earlier file', async (t) => {
  const folder = await folderWith(t, {
    'a.yaml': least,
    'b.yaml': 'session: { redis: { url: { $file: nowhere } } }',
    'c.yaml': 'session: { redis: { url: { $file: url } } }',
    url: 'redis://c',
  })
  const files = ['a.yaml', 'b.yaml', 'c.yaml'].map((name) => join(folder, name))
  const { config } = await loadConfig({ files, env: {} })
  t.equal(config.session.redis?.url?.reveal(), 'redis://c')
})

t.test('a key that is no string is refused as unknown', async (t) => {
  const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': '? [a]\n: 1\n' })
  t.match(problems, [{ found: 'an option that does not exist' }])
})

t.test('the place of a problem inside a scalar is that of the scalar', async (t) => {
  const { tree } = parseYaml('a.yaml', 'a:\n  - b\n')
  t.equal(sourceAt(tree, ['a', 0, 'c']).line, 2)
  t.equal(sourceAt(tree, ['a', 7]).line, 1)
  t.equal(sourceAt(tree, []).line, 1)
  t.equal(valueAt({ a: 'b' }, ['a', 'c', 'd']), undefined)
})

t.test('a folder in place of a configuration file is refused', async (t) => {
  const folder = await folderWith(t, {})
  await writeFile(join(folder, 'x'), '')
  await chmod(join(folder, 'x'), 0o600)
  t.match(await problemsFrom([folder]), [{ found: 'is a directory' }])
})
