import t from 'tap'

import type { AuditRecord } from '../../src/audit/record.ts'
import { createTrail } from '../../src/audit/trail.ts'

const record: AuditRecord = {
  time: '1970-01-01T00:00:00.000Z',
  event: 'decision',
  request_id: 'r-1',
  client_ip: '203.0.113.9',
  principal: { kind: 'user', issuer: 'https://t/', subject: 'google-apps|jane@example.com', session: 'ref' },
  method: 'GET',
  host: 'portal.example.com',
  path: '/catalog/"quoted"',
  outcome: 'allow',
}

t.test('a record is one line, shaped like those of the log, and says who it was', async (t) => {
  const lines: string[] = []
  createTrail({ write: (line) => void lines.push(line) })(record)
  t.equal(lines.length, 1)
  t.match(lines[0], /^[^\n]+\n$/)
  t.same(JSON.parse(lines[0] as string), { level: 'info', time: record.time, audit: record, msg: 'audit' })
})
