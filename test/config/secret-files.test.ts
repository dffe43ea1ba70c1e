import { join } from 'node:path'

import t from 'tap'

import { loadConfig } from '../../src/config/load.ts'
import { folderWith, least, problemsFrom } from './support.ts'

const overlay = 'auth0: { clientSecrets: [{ $file: secret }] }'

for (const [what, text] of [
  ['a newline', 'hunter2\n'],
  ['two newlines', 'hunter2\n\n'],
  ['lines of Windows', 'hunter2\r\n\r\n'],
  ['a byte order mark', '\uFEFFhunter2'],
] as const) {
  t.test(`${what} in a secret file is not part of the secret`, async (t) => {
    const folder = await folderWith(t, { 'a.yaml': least, 'b.yaml': overlay, secret: text })
    const { config } = await loadConfig({ files: [join(folder, 'a.yaml'), join(folder, 'b.yaml')], env: {} })
    t.equal(config.auth0.clientSecrets[0]?.reveal(), 'hunter2')
  })
}

for (const [what, text] of [
  ['a space behind it', 'hunter2 \n'],
  ['a second line', 'hunter2\nhunter3\n'],
  ['a tab in it', 'hun\tter2'],
  ['a zero byte, as UTF-16 has it', 'h\0u\0n\0t\0'],
  ['bytes that are no UTF-8', '\uFFFD\uFFFDhunter2'],
] as const) {
  t.test(`a secret with ${what} is refused, and not shown`, async (t) => {
    const folder = await folderWith(t, { 'a.yaml': least, 'b.yaml': overlay, secret: text })
    const problems = await problemsFrom([join(folder, 'a.yaml'), join(folder, 'b.yaml')])
    t.match(problems, [{ expected: /on one line/, fix: /printf/ }])
    t.notMatch(JSON.stringify(problems), /hunt/)
  })
}
