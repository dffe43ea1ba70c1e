import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const routes = [
  { name: 'guarded', path: '/**', hosts: ['admin.example.com'], allow: { roles: ['platform-admin'] } },
  { name: 'open', path: '/**', allow: 'public' },
]

/** Spellings of the guarded host that other gateways read as a different host. */
const hosts: [ids: string, host: string][] = [
  ['CVE-2026-48794', 'ADMIN.Example.com'],
  ['CVE-2026-27588', 'admin.EXAMPLE.com'],
  ['CVE-2026-88877', 'admin.example.com:x'],
  ['CVE-2026-88877', 'admin.example.com:'],
  ['CVE-2026-88877', 'admin.example.com:8443'],
  ['CVE-2026-88877', 'other.example.com:65536'],
  ['CVE-2022-23632', 'admin.example.com.'],
  ['CVE-2022-23632', 'admin.example.com.:80'],
]

t.test('a rule for a host applies to every spelling of it', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  for (const [ids, host] of hosts) {
    const answer = await exchange(stack.url, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    t.match(answer, /^HTTP\/1.1 4/, `${ids}: ${host}`)
  }
  const names = ['many.example.com', ...Array.from({ length: 150 }, (_, i) => `h${i}.example.com`)]
  const many = await startStack(t, {
    config: { routes: [{ ...routes[0], hosts: names }, routes[1]] },
  })
  const answer = await exchange(many.url, 'GET / HTTP/1.1\r\nHost: MANY.example.com\r\n\r\n')
  t.match(answer, /^HTTP\/1.1 4/, 'CVE-2026-27588: also where there are more than a hundred')
})
