import fs from 'node:fs'
import { readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { mock } from 'node:test'

import t from 'tap'
import type { Test } from 'tap'

import { appendLine } from '../../../src/audit/sinks/append-file.ts'
import { FileSink, type FileSinkOptions } from '../../../src/audit/sinks/file.ts'
import { filesOfTrail } from '../../../src/audit/trail-files.ts'
import { until } from '../../support/until.ts'
import { mockTimers, temporaryFolder } from '../support.ts'

async function start(t: Test, options: Partial<FileSinkOptions> = {}) {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'trail', 'audit.jsonl')
  let time = 0
  const preset = { path, onFailure: 'block', fsync: 'never', maxBytes: 1_000, keep: 2, now: () => time } as const
  const sink = new FileSink({ ...preset, ...options })
  t.teardown(() => sink.close())
  return { sink, path, folder, later: (ms: number) => void (time += ms) }
}

const files = async (path: string) => (await readdir(join(path, '..'))).toSorted()

t.test('each record is in the file at once, as one line, and only the owner may read the file', async (t) => {
  const { sink, path } = await start(t)
  sink.take(['{"a":1}', '{"a":2}'])
  await sink.settled()
  t.equal(await readFile(path, 'utf8'), '{"a":1}\n{"a":2}\n')
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.same(sink.status(), { reason: undefined, waiting: 0, lost: 0 })
})

for (const fsync of ['always', 'second'] as const) {
  t.test(`the same is written with fsync: ${fsync}`, async (t) => {
    const clock = mockTimers(t)
    const { sink, path } = await start(t, { fsync })
    sink.take(['{}'])
    clock.tick(1_000)
    t.equal(await readFile(path, 'utf8'), '{}\n')
  })
}

t.test('a file over the size limit is rotated, and the oldest is deleted', async (t) => {
  const { sink, path, later } = await start(t)
  for (const line of ['a', 'b', 'c', 'd', 'e']) {
    sink.take([line.repeat(1_000)])
    later(1_000)
  }
  const names = await files(path)
  t.equal(names.length, 3)
  t.match(names, [/^audit-19700101T\d{9}Z\.jsonl$/, /^audit-.*Z\.jsonl$/, 'audit.jsonl'])
  t.match(await readFile(join(path, '..', names[0] ?? ''), 'utf8'), /^c+\n$/)
})

t.test('a file that another program moved is left alone, and a new one is started', async (t) => {
  const { sink, path, later } = await start(t)
  sink.take(['one'])
  later(1_000)
  sink.take(['two'])
  await rename(path, `${path}.old`)
  later(1_000)
  sink.take(['three'])
  t.equal(await readFile(path, 'utf8'), 'three\n')
  t.equal(await readFile(`${path}.old`, 'utf8'), 'one\ntwo\n')
})

t.test('a clock that is set back does not keep records in a file that another program moved', async (t) => {
  const { sink, path, later } = await start(t)
  later(3_600_000)
  sink.take(['one'])
  await rename(path, `${path}.old`)
  later(-1_800_000)
  sink.take(['two'])
  t.equal(await readFile(path, 'utf8'), 'two\n')
})

t.test('rotated files keep the order of their records when the clock is set back', async (t) => {
  const { sink, path, later } = await start(t)
  later(3_600_000)
  for (const line of ['a', 'b', 'c']) {
    sink.take([line.repeat(1_000)])
    later(line === 'b' ? -1_800_000 : 1_000)
  }
  sink.take(['d'])
  const letters = (await Promise.all(filesOfTrail(path).map((file) => readFile(file, 'utf8')))).map(([first]) => first)
  t.same(letters, ['b', 'c', 'd'], 'the oldest is gone')
})

t.test('an incomplete last line of a killed process is terminated first', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'audit.jsonl')
  await writeFile(path, '{"half":')
  const { sink } = await start(t, { path })
  sink.take(['{}'])
  t.equal(await readFile(path, 'utf8'), '{"half":\n{}\n')
})

t.test('a file sink that cannot write reports it, keeps new records and writes them later in order', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'blocked', 'audit.jsonl')
  await writeFile(join(folder, 'blocked'), 'no folder')
  const clock = mockTimers(t)
  const { sink } = await start(t, { path })
  sink.take(['one'])
  sink.take(['two'])
  t.match(sink.status(), { reason: /ENOTDIR|EEXIST/, waiting: 2, lost: 0 })
  await t.rejects(sink.settled(), /ENOTDIR|EEXIST/)
  await rm(join(folder, 'blocked'))
  sink.take(['three'])
  clock.tick(1_000)
  t.equal(await readFile(path, 'utf8'), 'one\ntwo\nthree\n')
  t.same(sink.status(), { reason: undefined, waiting: 0, lost: 0 })
  await sink.settled()
})

t.test('a full disk is a failure, and records beyond the limit are counted as lost', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'full.jsonl')
  await symlink('/dev/full', path)
  const { sink } = await start(t, { path })
  sink.take(['one'])
  t.match(sink.status(), { reason: /ENOSPC/, waiting: 1 })
  await t.rejects(sink.settled(), /ENOSPC/)
  sink.take(Array.from({ length: 20 }, () => 'x'.repeat(1_000_000)))
  t.match(sink.status(), { waiting: 18, lost: 3 })
})

/** Lets the next write store a few bytes, and the one after it none. */
function fillDisk(t: Test, bytesLeft: number): { makeRoom: () => void } {
  const { writeSync } = fs
  const noSpace = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  }
  const part = (fd: number, bytes: Buffer, from: number) => writeSync(fd, bytes, from, bytesLeft)
  const write = mock.method(fs, 'writeSync', noSpace)
  write.mock.mockImplementationOnce(part as never)
  syncBuiltinESMExports()
  const makeRoom = () => {
    write.mock.restore()
    syncBuiltinESMExports()
  }
  t.teardown(makeRoom)
  return { makeRoom }
}

t.test('a write that fills the disk keeps its complete lines, and writes the cut line again', async (t) => {
  const { sink, path } = await start(t)
  sink.take(['one'])
  const { makeRoom } = fillDisk(t, 'two\nthr'.length)
  sink.take(['two', 'three', 'four'])
  const status = sink.status()
  makeRoom()
  t.same(status, { reason: 'the disk is full', waiting: 2, lost: 0 })
  t.equal(await readFile(path, 'utf8'), 'one\ntwo\nthr')
  await sink.settled()
  t.equal(await readFile(path, 'utf8'), 'one\ntwo\nthr\nthree\nfour\n')
  t.same(sink.status(), { reason: undefined, waiting: 0, lost: 0 })
})

t.test('a disk that stays full leaves no file open', async (t) => {
  const clock = mockTimers(t)
  const { sink, path, later } = await start(t)
  sink.take(['one'])
  const { makeRoom } = fillDisk(t, 'tw'.length)
  sink.take(['two'])
  for (let second = 0; second < 3; second += 1) {
    later(1_000)
    clock.tick(1_000)
  }
  const status = sink.status()
  makeRoom()
  t.match(status, { reason: /ENOSPC/, waiting: 1 })
  t.equal(await openFiles(path), 0)
})

/** Counts the descriptors of this process that refer to a file. */
async function openFiles(path: string): Promise<number> {
  const all = await readdir('/proc/self/fd')
  const targets = await Promise.all(all.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target === path).length
}

t.test('a single line that a full disk refuses or cuts is a failure that leaves nothing open', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'full')
  await symlink('/dev/full', path)
  t.throws(() => appendLine(path, 'one'), { code: 'ENOSPC' })
  t.equal(await openFiles('/dev/full'), 0)
  const cut = join(folder, 'cut')
  const { makeRoom } = fillDisk(t, 'tw'.length)
  t.throws(() => appendLine(cut, 'two'), /disk is full/)
  makeRoom()
  t.equal(await readFile(cut, 'utf8'), 'tw')
})

t.test('an error on closing a file, as on a network share, does not end the process', async (t) => {
  const { sink, path, later } = await start(t)
  sink.take(['x'.repeat(1_000)])
  const close = mock.method(fs, 'closeSync', () => {
    throw Object.assign(new Error('EIO: i/o error, close'), { code: 'EIO' })
  })
  syncBuiltinESMExports()
  t.teardown(() => {
    close.mock.restore()
    syncBuiltinESMExports()
  })
  later(1_000)
  sink.take(['two'])
  t.equal(await readFile(path, 'utf8'), 'two\n', 'the one before is moved aside')
  const { makeRoom } = fillDisk(t, 0)
  sink.take(['three'])
  const status = sink.status()
  makeRoom()
  t.match(status, { reason: /disk is full/, waiting: 1 })
  await sink.close()
  t.match(await readFile(path, 'utf8'), /^two\n+three\n$/)
})

t.test('a failing sync is a failure, too, and is retried after a second', async (t) => {
  const clock = mockTimers(t)
  // A device accepts writes and does not support fsync.
  const folder = await temporaryFolder(t)
  const path = join(folder, 'null.jsonl')
  await symlink('/dev/null', path)
  const { sink } = await start(t, { path, fsync: 'second' })
  sink.take(['one'])
  clock.tick(1_000)
  await until(() => sink.status().reason !== undefined)
  t.match(sink.status(), { reason: /EINVAL/ })
})

/** Lets the test decide when asynchronous syncs end, and counts the synchronous ones. */
function holdSyncs(t: Test) {
  const { closeSync } = fs
  const held: ((error: Error | null) => void)[] = []
  const closed: number[] = []
  const behind = mock.method(fs, 'fsync', ((_fd: number, done: () => void) => void held.push(done)) as never)
  const atOnce = mock.method(fs, 'fsyncSync', () => undefined)
  const close = mock.method(fs, 'closeSync', (fd: number) => {
    closed.push(fd)
    closeSync(fd)
  })
  syncBuiltinESMExports()
  t.teardown(() => {
    for (const { mock } of [behind, atOnce, close]) mock.restore()
    syncBuiltinESMExports()
  })
  return { held, closed, atOnce: () => atOnce.mock.callCount() }
}

t.test(
  'with fsync: second, records are written while the disk is busy, and only one sync runs at a time',
  async (t) => {
    const clock = mockTimers(t)
    const { sink, path } = await start(t, { fsync: 'second' })
    const { held, atOnce } = holdSyncs(t)
    sink.take(['one'])
    clock.tick(1_000)
    t.equal(held.length, 1)
    sink.take(['two'])
    await sink.settled()
    t.equal(await readFile(path, 'utf8'), 'one\ntwo\n')
    clock.tick(1_000)
    t.equal(held.length, 1)
    held[0]?.(null)
    clock.tick(1_000)
    t.equal(held.length, 2)
    held[1]?.(null)
    clock.tick(1_000)
    t.equal(held.length, 2, 'nothing was written since')
    t.equal(atOnce(), 0)
  },
)

t.test('with fsync: always, a write counts as kept only once it is on disk', async (t) => {
  const { sink } = await start(t, { fsync: 'always' })
  const { atOnce } = holdSyncs(t)
  sink.take(['one'])
  t.equal(atOnce(), 1)
  sink.take(['two'])
  t.equal(atOnce(), 2)
})

t.test('with fsync: always, a write that fails to sync is a failure, and is written again', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'null.jsonl')
  await symlink('/dev/null', path)
  const { sink } = await start(t, { path, fsync: 'always' })
  sink.take(['one'])
  t.match(sink.status(), { reason: /EINVAL/ })
  await t.rejects(sink.settled(), /EINVAL/)
})

t.test('a file is closed only when its sync is over, and at the end everything is on disk', async (t) => {
  const clock = mockTimers(t)
  const { sink } = await start(t, { fsync: 'second' })
  const { held, closed, atOnce } = holdSyncs(t)
  sink.take(['one'])
  clock.tick(1_000)
  await sink.close()
  t.equal(atOnce(), 1)
  t.same(closed, [])
  held[0]?.(null)
  t.equal(closed.length, 1)
})

/** A sink whose file cannot be written until `free` is called. */
async function startBlocked(t: Test) {
  const folder = await temporaryFolder(t)
  const blocked = join(folder, 'blocked')
  await writeFile(blocked, 'no folder')
  const free = () => rm(blocked, { recursive: true })
  const block = async () => {
    await free()
    await writeFile(blocked, 'no folder')
  }
  const clock = mockTimers(t)
  const path = join(blocked, 'audit.jsonl')
  const { sink, later } = await start(t, { path })
  return { sink, later, path, clock, free, block }
}

t.test('closing writes the waiting records if it can', async (t) => {
  const { sink, path, free } = await startBlocked(t)
  sink.take(['one'])
  await free()
  await sink.close()
  t.equal(await readFile(path, 'utf8'), 'one\n')
})

t.test('after closing no write is retried', async (t) => {
  const { sink, path, free, clock } = await startBlocked(t)
  sink.take(['one'])
  await sink.close()
  await free()
  clock.tick(1_000)
  await t.rejects(readFile(path), { code: 'ENOENT' })
})

t.test('waiting records that were written make room for new ones', async (t) => {
  const { sink, free, block, clock, later } = await startBlocked(t)
  sink.take(Array.from({ length: 17 }, () => 'x'.repeat(1_000_000)))
  await free()
  clock.tick(1_000)
  t.match(sink.status(), { waiting: 0, lost: 0 })
  await block()
  later(1_000)
  sink.take(['one'])
  t.match(sink.status(), { waiting: 1, lost: 0 })
})

t.test('with fsync: never, no sync is requested', async (t) => {
  const clock = mockTimers(t)
  const { sink } = await start(t)
  const { held, atOnce } = holdSyncs(t)
  sink.take(['one'])
  clock.tick(1_000)
  await sink.close()
  t.same([held.length, atOnce()], [0, 0])
})

t.test('a file is synced to disk before it is rotated', async (t) => {
  const { sink, later } = await start(t, { fsync: 'second' })
  const { atOnce } = holdSyncs(t)
  sink.take(['x'.repeat(1_000)])
  later(1_000)
  sink.take(['y'])
  t.equal(atOnce(), 1)
})

t.test('a failed last sync is a failure and does not end the process', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'null.jsonl')
  await symlink('/dev/null', path)
  const { sink } = await start(t, { path, fsync: 'second' })
  sink.take(['one'])
  await sink.close()
  t.match(sink.status(), { reason: /EINVAL/ })
})
