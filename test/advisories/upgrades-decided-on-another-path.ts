import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const routes = [
  { name: 'open', path: '/public/**', allow: 'public' },
  { name: 'rest', path: '/**', allow: 'authenticated' },
]

const targets: [ids: string, target: string][] = [
  ['CVE-2026-15631', '/public/../admin/x'],
  ['CVE-2026-15631', '/public/%2e%2e/admin/x'],
  ['CVE-2026-16117', '/%61dmin/x'],
  ['CVE-2026-85124', '/public/..\\admin/x'],
  ['CVE-2026-85124', '/public/..%5cadmin/x'],
  ['CVE-2026-127060', '/public/..;/admin/x'],
  ['CVE-2026-127060', '/public/..;a=b/admin/x'],
  ['CVE-2026-129502', '/public/x#/../admin/x'],
  ['CVE-2026-129502', '/public/x#y'],
]

const upgrade = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

t.test('the path of an upgrade is read like that of any other request', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  for (const [ids, target] of targets) {
    for (const fields of [[], upgrade]) {
      const lines = ['Host: localhost', ...fields].map((field) => `${field}\r\n`).join('')
      const answer = await exchange(stack.url, `GET ${target} HTTP/1.1\r\n${lines}\r\n`)
      t.match(answer, /^HTTP\/1.1 4/, `${ids}: ${target} ${fields.join()}`)
    }
  }
  t.same(
    stack.origin.seen.map(({ url }) => url),
    [],
    'nothing reached the upstream',
  )
})
