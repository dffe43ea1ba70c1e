import fs from 'node:fs'
import { readFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { mock } from 'node:test'

import t from 'tap'

import { FileSink } from '../../src/audit/sinks/file.ts'
import { filesOfTrail } from '../../src/audit/trail-files.ts'
import { temporaryFolder } from '../audit/support.ts'

// Two workers that rotated a full file within a millisecond chose the same name: the second one overwrote the full file with the new one.
t.test('a worker that rotates the file just after another worker overwrites nothing', async (t) => {
  const path = join(await temporaryFolder(t), 'audit.jsonl')
  let time = 0
  const open = () => {
    const sink = new FileSink({ path, onFailure: 'block', fsync: 'never', maxBytes: 1_000, keep: 9, now: () => time })
    t.teardown(() => sink.close())
    return sink
  }
  const [one, other] = [open(), open()]
  one.take(['a'.repeat(600)])
  other.take(['b'.repeat(600)])
  time += 1_000
  const { readdirSync } = fs
  const list = mock.method(fs, 'readdirSync')
  list.mock.mockImplementationOnce(((folder: string) => {
    const found = readdirSync(folder)
    other.take(['c'])
    return found
  }) as never)
  syncBuiltinESMExports()
  t.teardown(() => {
    list.mock.restore()
    syncBuiltinESMExports()
  })
  one.take(['d'])
  const files = await Promise.all(filesOfTrail(path).map((file) => readFile(file, 'utf8')))
  t.same(files, [`${'a'.repeat(600)}\n${'b'.repeat(600)}\n`, 'c\nd\n'])
  t.match([one.status(), other.status()], [{ reason: undefined }, { reason: undefined }])
})
