import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { folderWith, least, load, place, problemsFrom, problemsIn } from './support.ts'

/** Each row: the mistake, the file's text, the place of its only problem, the found value, and the fix. */
const rows: [mistake: string, text: string, where: string, found: RegExp, fix: RegExp][] = [
  ['a key a second time', `${least}session: {}\n`, 'a.yaml:7', /^session twice/, /^remove one of the two/],
  ['a second document', `${least}---\na: 1\n`, 'a.yaml:7', /^a second document/, /--config is repeatable$/],
  ['a tag', `${least}pages: { name: !vault abc }\n`, 'a.yaml:7', /^the tag !vault$/, /^leave the tag out/],
  ['a tag of YAML itself', `${least}log: !!map {}\n`, 'a.yaml:7', /^the tag !!map$/, /^leave the tag out/],
  [
    'a quote that is open between brackets',
    `${least}log: { level: "info }\n`,
    'a.yaml:7',
    /^a quote that is not closed/,
    /^close the quote/,
  ],
  [
    'a bracket that is closed by another one',
    `${least}machines: { audiences: [a }\n`,
    'a.yaml:7',
    /end with a \]/,
    /^close the \[ of line 7$/,
  ],
  [
    'a bracket that stays open',
    `a: 1\nb: [\n  { name: x },\nc: 1\n`,
    'a.yaml:4',
    /end with a \]/,
    /^close the \[ of line 2$/,
  ],
  [
    'a key that is indented more than its neighbour',
    'server:\n  baseUrl: https://a\n   prefix: /x\n',
    'a.yaml:2',
    /Nested mappings/,
    /^indent the lines below like their neighbours/,
  ],
  [
    'a value with a colon and a space',
    'server:\n  baseUrl: a: b\n',
    'a.yaml:2',
    /Nested mappings/,
    /^put quotes around a value/,
  ],
  [
    'a blank of a web page',
    'server:\n\u00A0 baseUrl: x\n',
    'a.yaml:2',
    /^a non-breaking or other special space/,
    /^replace it with ordinary spaces/,
  ],
]
for (const [mistake, text, where, found, fix] of rows) {
  t.test(`${mistake} is reported once, with its line and a fix`, async (t) => {
    const problems = await problemsIn(t, { 'a.yaml': text })
    t.same(problems.map(place), [where])
    t.match(problems[0], { found, fix })
  })
}

t.test('a non-breaking space inside a value is part of the value', async (t) => {
  const { config } = await load(t, { 'a.yaml': `${least}pages: { name: "a\u00A0b" }\n` })
  t.equal(config.pages.name, 'a\u00A0b')
})

t.test('invalid UTF-8 in a configuration is refused with its line', async (t) => {
  const folder = await folderWith(t, {})
  const file = join(folder, 'a.yaml')
  const latin = Buffer.from(`${least}pages: { name: M\u00FCller }\n`, 'latin1')
  const wide = Buffer.from(`\uFEFF${least}`, 'utf16le')
  for (const [bytes, line] of [
    [latin, 7],
    [wide, 1],
  ] as const) {
    await writeFile(file, bytes)
    const problems = await problemsFrom([file])
    t.same(problems.map(place), [`a.yaml:${line}`])
    t.match(problems[0], { found: `holds bytes that are not UTF-8 text, in line ${line}`, fix: /^save it as UTF-8/ })
  }
})

t.test('a secret file with random bytes is refused, since most bytes would become the same character', async (t) => {
  const folder = await folderWith(t, { 'a.yaml': least, 'b.yaml': 'session: { secrets: [{ $file: secret }] }\n' })
  await writeFile(join(folder, 'secret'), Buffer.from(Array.from({ length: 64 }, (_, i) => 128 + i)))
  const problems = await problemsFrom([join(folder, 'a.yaml'), join(folder, 'b.yaml')])
  t.match(problems, [{ found: /secret: holds bytes that are not UTF-8/, fix: /base64/ }])
})

t.test('an endless file is not read completely', async (t) => {
  t.match(await problemsFrom(['/dev/zero']), [
    { found: 'is longer than 4 MiB', fix: 'give the path of the right file' },
  ])
})

t.test('the fix of a domain written as a URL is the domain', async (t) => {
  const without = least.replace("issuer: 'https://tenant.eu.auth0.com/'", 'domain: https://t.auth0.com/')
  t.match(await problemsIn(t, { 'a.yaml': without }), [{ path: ['auth0', 'domain'], fix: 'write t.auth0.com' }])
})
