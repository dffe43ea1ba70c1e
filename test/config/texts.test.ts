import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { loadConfig } from '../../src/config/load.ts'
import { readRemembered, rememberTexts } from '../../src/config/tree/texts.ts'
import { folderWith, least } from './support.ts'

t.test('a configuration that was read once loads again unchanged, even if the files have changed', async (t) => {
  const secret = 'x'.repeat(40)
  const folder = await folderWith(t, {
    'a.yaml': least.replace('[0123456789abcdef0123456789abcdef]', '[{ $file: secret }]'),
    secret,
  })
  const options = { files: [join(folder, 'a.yaml')], env: {} }
  const first = await loadConfig(options)
  t.same([...first.texts.keys()], [join(folder, 'a.yaml'), join(folder, 'secret')])

  await writeFile(join(folder, 'a.yaml'), 'server: {}')
  await rm(join(folder, 'secret'))
  const again = await loadConfig({ ...options, readText: readRemembered(new Map(first.texts)) })
  t.equal(again.config.session.secrets[0]?.reveal(), secret)
  t.same(again.config, first.config)
})

t.test('a file is read once for any number of uses', async (t) => {
  let reads = 0
  const { read, texts } = rememberTexts(async () => `read ${++reads} times`)
  t.same(await Promise.all([read('a'), read('a')]), ['read 1 times', 'read 1 times'])
  t.equal(await read('a'), 'read 1 times')
  t.same(texts, new Map([['a', 'read 1 times']]))
})

t.test('an unreadable file is not cached, and a file that was not passed on is not found', async (t) => {
  const { read, texts } = rememberTexts(async () => ({ reason: 'no such file', fix: 'check the path' }))
  t.same(await read('a'), { reason: 'no such file', fix: 'check the path' })
  t.equal(texts.size, 0)
  t.match(await readRemembered(texts)('a'), { reason: 'was not read' })
  t.equal(await readRemembered(new Map([['a', '']]))('a'), '', 'an empty file is one')
})
