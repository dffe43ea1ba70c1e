import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'

import t from 'tap'

import { takeLock } from '../../../src/cli/rotate/state-file.ts'
import { temporaryFolder } from './support.ts'

t.test('of two rotations that find the same lock of a dead process, one takes it over', async (t) => {
  const path = join(await temporaryFolder(t), 'state.lock')
  await fs.writeFile(path, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }))
  const outcomeOf = async (taking: ReturnType<typeof takeLock>) =>
    taking.then(
      () => 'taken',
      (error: Error) => error.message,
    )
  const { readFile } = fs
  let second: string | undefined
  const reading = mock.method(fs, 'readFile', async () => {
    const text = await readFile(path, 'utf8')
    restore()
    second = await outcomeOf(takeLock(path))
    return text
  })
  function restore(): void {
    reading.mock.restore()
    syncBuiltinESMExports()
  }
  syncBuiltinESMExports()
  t.teardown(restore)
  const first = await outcomeOf(takeLock(path))
  t.same([first, second], ['taken', `another rotation is running; if none is, remove ${path}`])
})
