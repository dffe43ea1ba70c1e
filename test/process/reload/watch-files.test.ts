import { writeFileSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { watchFiles } from '../../../src/process/watch-files.ts'
import { until } from '../../support/until.ts'
import { mountVolume } from '../../support/volume.ts'

async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-watch-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Watches files and counts the reports. */
async function startWatch(t: Test, files: () => string[], isOn = () => true) {
  let count = 0
  const watch = watchFiles({ files, isOn, everyMs: 5, onChange: async () => void (count += 1) })
  t.teardown(() => watch.stop())
  await watch.noteTaken()
  return { watch, count: () => count }
}

t.test('the update of a Kubernetes volume counts as one change', async (t) => {
  const { folder, publish } = await mountVolume(t, { 'a.yaml': 'one', secret: '1' })
  const { count } = await startWatch(t, () => [join(folder, 'a.yaml'), join(folder, 'secret')])
  await publish({ 'a.yaml': 'two', secret: '2' })
  await until(() => count() === 1)
  await publish({ 'a.yaml': 'two', secret: '3' })
  await until(() => count() === 2)
})

t.test(
  'a file that differs at each check is still being written, and counts as changed once it is stable',
  async (t) => {
    const file = join(await temporaryFolder(t), 'a.yaml')
    await writeFile(file, 'one')
    const writes = 5
    let looks = 0
    const seenAt: number[] = []
    const watch = watchFiles({
      files: () => [file],
      everyMs: 5,
      // The watch asks this right before each check.
      isOn() {
        if (looks < writes) writeFileSync(file, `a part of it, ${looks}`)
        looks += 1
        return true
      },
      onChange: async () => void seenAt.push(looks),
    })
    t.teardown(() => watch.stop())
    await until(() => seenAt.length > 0 && looks > writes + 3)
    t.same(seenAt, [writes + 1])
  },
)

t.test('replacing, removing and restoring a file are each a change', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'a.yaml')
  await writeFile(file, 'one')
  const { count } = await startWatch(t, () => [file])
  await writeFile(`${file}.new`, 'two')
  await rename(`${file}.new`, file)
  await until(() => count() === 1)
  await rm(file)
  await until(() => count() === 2)
  await writeFile(file, 'two')
  await until(() => count() === 3)
})

t.test('rewriting a file with the same content, or naming a new file, is no change', async (t) => {
  const folder = await temporaryFolder(t)
  const files = [join(folder, 'a'), join(folder, 'b')]
  for (const file of files) await writeFile(file, 'one')
  const watched = files.slice(0, 1)
  let looks = 0
  const { count } = await startWatch(t, () => {
    looks += 1
    return watched
  })
  await writeFile(files[0] as string, 'one')
  watched.push(files[1] as string)
  const before = looks
  await until(() => looks > before + 3)
  t.equal(count(), 0)
  await writeFile(files[1] as string, 'two')
  await until(() => count() === 1)
})

t.test('a change that was applied otherwise, or while the watch is off, is not reported', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'a')
  await writeFile(file, 'one')
  let isOn = false
  let looks = 0
  const { watch, count } = await startWatch(
    t,
    () => {
      looks += 1
      return [file]
    },
    () => isOn,
  )
  await writeFile(file, 'two')
  await watch.noteTaken()
  isOn = true
  const before = looks
  await until(() => looks > before + 3)
  t.equal(count(), 0)
})
