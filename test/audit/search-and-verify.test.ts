import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { createExamine } from '../../src/audit/search-and-verify.ts'
import { UnreadableTrail } from '../../src/audit/trail-files.ts'
import { trailOf } from './support.ts'

const { lines, checkpoint, key } = trailOf('w', 8)
const keys = () => [key.publicJwk]

t.test('one pass finds the last matching records and verifies the trail', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-examine-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'audit.jsonl')
  await writeFile(path, `${lines.join('\n')}\n${lines[4]}\n`)
  await writeFile(`${path}.checkpoints`, `${checkpoint}\n`)
  const examine = createExamine(path, keys)
  const { records, found, verdict } = await examine({ event: 'decision' }, 3)
  t.same([records.length, found], [3, 8], 'a record that came twice counts once')
  t.same(
    records.map(({ seq }) => seq),
    records.map(({ seq }) => seq).toSorted((a, b) => b - a),
    'the latest first',
  )
  t.match(verdict, { records: 12, repeats: 1, checkpoints: 1, faults: { length: 0 } })

  await writeFile(path, lines.slice(0, 5).join('\n'))
  const cut = await examine({}, 100)
  t.match(cut.verdict.faults, [{ text: /./ }], 'the checkpoint beside the file knows of more')
})

t.test('of a long trail only the newest files are read, and always the one in use', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-examine-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'audit.jsonl')
  const moved = [1, 2].map((day) => join(folder, `audit-2026010${day}T000000000Z.jsonl`))
  const parts = [lines.slice(0, 4), lines.slice(4, 8), lines.slice(8)]
  for (const [i, file] of [...moved, path].entries()) await writeFile(file, `${parts[i]?.join('\n')}\n`)
  t.match(await createExamine(path, keys)({}, 1), {
    files: [...moved, path],
    leftOut: { length: 0 },
    verdict: { faults: { length: 0 } },
  })
  t.match(await createExamine(path, keys, 1)({}, 1), {
    files: [path],
    leftOut: moved,
    verdict: { faults: { length: 0 } },
  })
  await rm(path)
  await t.rejects(createExamine(path, keys)({}, 1), /cannot be read/)
})

t.test('an unreadable folder, file or checkpoint file of a trail is named', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-examine-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'audit.jsonl')
  const nowhere = join(folder, 'nowhere', 'audit.jsonl')
  const refusal = async (file: string) => {
    const error: unknown = await createExamine(file, () => [])({}, 1).catch((cause: unknown) => cause)
    return error instanceof UnreadableTrail ? error.message : undefined
  }
  t.match(await refusal(nowhere), `${nowhere} cannot be read: ENOENT`)
  await mkdir(path)
  t.match(await refusal(path), `${path} cannot be read: EISDIR`)
  await rm(path, { recursive: true })
  await writeFile(path, '')
  await mkdir(`${path}.checkpoints`)
  t.match(await refusal(path), `${path}.checkpoints cannot be read: EISDIR`)
})
